//! Facts on the services, actions, resources and condition keys of Alibaba Cloud RAM: tables for `ramgate::Catalog`.
//!
//! ```
//! let (name, text) = ramgate_catalog::FILES[0];
//! assert_eq!(name, "common.tsv");
//! assert!(text.contains("key\tacs:SourceIp\tIpAddress"));
//! ```

macro_rules! file {
    ($name:literal) => {
        ($name, include_str!(concat!("../data/", $name)))
    };
}

/// Every table: its name and its text. A new file of `data/` has a line here.
pub const FILES: &[(&str, &str)] = &[
    file!("common.tsv"),
    file!("actiontrail.tsv"),
    file!("adb.tsv"),
    file!("aiworkspace.tsv"),
    file!("alb.tsv"),
    file!("alidns.tsv"),
    file!("alikafka.tsv"),
    file!("apigateway.tsv"),
    file!("bssapi.tsv"),
    file!("cams.tsv"),
    file!("cas.tsv"),
    file!("cdn.tsv"),
    file!("cen.tsv"),
    file!("cms.tsv"),
    file!("composer.tsv"),
    file!("computenest.tsv"),
    file!("config.tsv"),
    file!("cr.tsv"),
    file!("cs.tsv"),
    file!("csas.tsv"),
    file!("das.tsv"),
    file!("dataworks.tsv"),
    file!("ddosbgp.tsv"),
    file!("dds.tsv"),
    file!("drds.tsv"),
    file!("dts.tsv"),
    file!("eas.tsv"),
    file!("ebs.tsv"),
    file!("eci.tsv"),
    file!("ecs.tsv"),
    file!("edas.tsv"),
    file!("elasticsearch.tsv"),
    file!("emr-serverless-spark.tsv"),
    file!("emr.tsv"),
    file!("ens.tsv"),
    file!("esa.tsv"),
    file!("ess.tsv"),
    file!("fc.tsv"),
    file!("ga.tsv"),
    file!("governance.tsv"),
    file!("gpdb.tsv"),
    file!("green.tsv"),
    file!("hbr.tsv"),
    file!("hitsdb.tsv"),
    file!("iacservice.tsv"),
    file!("ice.tsv"),
    file!("imm.tsv"),
    file!("ims.tsv"),
    file!("kms.tsv"),
    file!("kvstore.tsv"),
    file!("live.tsv"),
    file!("log.tsv"),
    file!("mse.tsv"),
    file!("mts.tsv"),
    file!("nas.tsv"),
    file!("nlb.tsv"),
    file!("odps.tsv"),
    file!("oos.tsv"),
    file!("opensearch.tsv"),
    file!("oss.tsv"),
    file!("paifeaturestore.tsv"),
    file!("polardb.tsv"),
    file!("polardbx.tsv"),
    file!("pts.tsv"),
    file!("pvtz.tsv"),
    file!("ram.tsv"),
    file!("rds.tsv"),
    file!("resourcecenter.tsv"),
    file!("resourcemanager.tsv"),
    file!("resourcesharing.tsv"),
    file!("ros.tsv"),
    file!("sae.tsv"),
    file!("slb.tsv"),
    file!("smartag.tsv"),
    file!("starrocks.tsv"),
    file!("stream.tsv"),
    file!("sts.tsv"),
    file!("tag.tsv"),
    file!("vod.tsv"),
    file!("vpc.tsv"),
    file!("waf.tsv"),
    file!("yundun-cloudfirewall.tsv"),
    file!("yundun-ddoscoo.tsv"),
    file!("yundun-sas.tsv"),
    file!("other.tsv"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_file_of_the_directory_is_embedded() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/data");
        let there: BTreeSet<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let embedded: BTreeSet<String> = super::FILES
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        assert_eq!(there, embedded);
    }
}
