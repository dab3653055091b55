//! Stub.
pub(crate) fn run(
    _: &crate::args::ProveArgs,
    _: &mut crate::output::Console,
) -> anyhow::Result<crate::command::Status> {
    anyhow::bail!("later")
}
