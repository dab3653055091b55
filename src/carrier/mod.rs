//! Policies inside other files: what a file is, which policies stand in it, where, and what each is for.

mod terraform_table;

pub use terraform_table::{TERRAFORM_DOCUMENTS, TerraformDocument, terraform_documents};
