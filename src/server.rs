//! The running server. Its place in the program; it is not built yet.

use crate::settings::{Flags, Loaded};

/// Serves until it is told to stop.
///
/// # Errors
/// Always: there is no server yet.
pub fn run(loaded: Loaded, flags: Flags) -> anyhow::Result<()> {
    let root = crate::root::Root::open(loaded.settings.root.clone())?;
    let database = crate::users::Database::new(root.database());
    crate::root::prepare_users(&root, &database, &loaded.settings)?;
    anyhow::bail!("the server is not built yet ({flags:?})")
}
