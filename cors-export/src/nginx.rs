use crate::table::Table;
use crate::{Export, Options, Refusal};

pub(crate) fn export(_: &Table<'_>, _: &Options) -> Result<Export, Vec<Refusal>> {
    Err(Vec::new())
}
