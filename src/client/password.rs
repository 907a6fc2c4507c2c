//! Who signs in and with what password: `FTPOOL_PASSWORD`, `~/.netrc`, or a
//! question without echo. Never an argument, since every process list shows
//! those.
//!
//! Must not know: how a password is checked or sent.

use std::{env, fs, io, os::unix::fs::PermissionsExt};

use super::{
    console::Console,
    error::Error,
    home, netrc,
    target::{Dialect, Target},
};
use crate::session::Password;

/// Who signs in.
#[derive(Clone)]
pub(super) struct Who {
    /// The user's name.
    pub(super) user: String,
    /// The password.
    pub(super) password: Password,
    /// It was typed just now: a wrong one may be typed again.
    pub(super) asked: bool,
}

/// Finds out who signs in.
///
/// # Errors
///
/// [`Error::Usage`] where no user is named, [`Error::NoPassword`] where
/// there is no password and nobody to ask.
pub(super) fn find(target: &Target, console: Console) -> Result<Who, Error> {
    let entry = netrc_entry(target, console).unwrap_or_default();
    let named = target.user.clone().or(entry.login);
    let user = match (named, target.dialect) {
        (Some(user), _) => user,
        // What FTP's users expect where nobody is named (RFC 1635). Nobody
        // means a password of theirs to go there.
        (None, Dialect::Ftp) => {
            let password = Password::new(ANONYMOUS);
            let user = ANONYMOUS.into();
            return Ok(Who { user, password, asked: false });
        }
        (None, Dialect::Native) => {
            return Err(Error::Usage(
                "which user? Say USER@HOST, or name one in ~/.netrc".into(),
            ));
        }
    };
    let known = env::var_os("FTPOOL_PASSWORD")
        .map(std::os::unix::ffi::OsStringExt::into_vec)
        .or_else(|| entry.password.map(String::into_bytes));
    if let Some(bytes) = known {
        let password = Password::new(bytes);
        return Ok(Who { user, password, asked: false });
    }
    let password = ask(&user, target, console)?;
    Ok(Who { user, password, asked: true })
}

/// Asks for a password on the terminal, without echo.
///
/// # Errors
///
/// [`Error::NoPassword`] where there is no terminal.
pub(super) fn ask(
    user: &str,
    target: &Target,
    console: Console,
) -> Result<Password, Error> {
    if !console.has_terminal() {
        return Err(Error::NoPassword(
            "no password: set FTPOOL_PASSWORD or write ~/.netrc".into(),
        ));
    }
    rpassword::prompt_password(format!(
        "Password of {user} at {}: ",
        target.host
    ))
    .map(Password::new)
    .map_err(|e| Error::NoPassword(format!("no password: {e}")))
}

fn netrc_entry(target: &Target, console: Console) -> Option<netrc::Entry> {
    let path = home::of_user()?.join(".netrc");
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return None,
        Err(e) => {
            console.complain("~/.netrc is not used", &e.to_string());
            return None;
        }
    };
    let entry = netrc::find(&text, &target.host, target.user.as_deref())?;
    let mode = fs::metadata(&path).ok()?.permissions().mode();
    if entry.password.is_some() && mode & 0o077 != 0 {
        console.complain(
            "~/.netrc",
            "others can read the passwords in it; chmod 600 it",
        );
    }
    Some(entry)
}

/// Who comes in where nobody is named, and the password that goes with it.
const ANONYMOUS: &str = "anonymous";
