//! Opening a data connection: passive always, so that it passes what stands
//! between us and the server.
//!
//! EPSV is asked first, and PASV where the server does not know it. Either
//! way only the port is the server's to say: the address is the one that the
//! conversation goes to, whatever a PASV claims, so that no server can send
//! us to another.
//!
//! Must not know: what is transferred.

use std::net::SocketAddr;

use super::{control::Control, refusal};
use crate::{
    client::{
        error::{Error, Why},
        socket::Socket,
    },
    ftp::code::{Class, Code},
};

/// Which way a server's data connections are asked for.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// EPSV was refused for good.
    plain: bool,
}

impl Way {
    /// Opens one.
    ///
    /// # Errors
    ///
    /// [`Error::Broken`] or [`Error::ConnectTimeout`] where no connection
    /// comes about, [`Error::Refused`], and what ended the conversation.
    pub(super) fn open(
        &mut self,
        control: &mut Control,
    ) -> Result<Socket, Error> {
        let port = match self.extended_port(control)? {
            Some(port) => port,
            None => plain_port(control)?,
        };
        let address = SocketAddr::new(control.peer()?, port);
        Socket::open(&address, control.silence()).map_err(
            |error| match error {
                Error::Unreachable(text) => {
                    Error::Broken(format!("no data connection: {text}"))
                }
                other => other,
            },
        )
    }

    fn extended_port(
        &mut self,
        control: &mut Control,
    ) -> Result<Option<u16>, Error> {
        if self.plain {
            return Ok(None);
        }
        let reply = control.ask("EPSV", None)?;
        self.plain = reply.code.class() == Class::Permanent;
        if reply.code == Code::EXTENDED_PASSIVE {
            return Ok(reply.passive_port());
        }
        Ok(None)
    }
}

fn plain_port(control: &mut Control) -> Result<u16, Error> {
    let reply = control.ask("PASV", None)?;
    if reply.code != Code::PASSIVE {
        return Err(refusal::refused(&reply, Why::Broken));
    }
    match reply.passive_address() {
        Some(address) => Ok(address.port()),
        None => Err(refusal::odd(&reply, "without an address")),
    }
}
