# A finding is suppressed without saying why.
resource "alicloud_ram_policy" "circuit" {
  policy_name = "circuit"
  policy_document = jsonencode({
    Version = "1"
    # ramgate:ignore RG501
    Statement = [{ Effect = "Allow", Action = "vpc:DescribeVpcs", Resource = "*" }]
  })
}
