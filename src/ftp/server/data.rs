//! The data connection: where it will come from or go to, as PASV, EPSV,
//! PORT and EPRT set it up, and its coming about for one transfer.
//!
//! One listening socket a session at most; only the client's own address
//! may come, and is ever gone to (RFC 2577).
//!
//! Must not know: what is transferred.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
    ops::RangeInclusive,
    os::fd::AsFd,
};

use rand::RngExt;
use socket2::{Domain, Protocol, Socket, Type};

use super::watch::{Broken, Watch};
use crate::stream::Side;

/// How the next data connection comes about.
#[derive(Debug, Default)]
pub(super) enum DataSetup {
    /// Nothing was set up: the client's own control port is the default
    /// (RFC 959 §3.2).
    #[default]
    Default,
    /// The client will connect here.
    Passive(TcpListener),
    /// The client listens there.
    Active(SocketAddr),
}

impl DataSetup {
    /// Listens on a free port of the range, at the address at which the
    /// client has come. Ports are drawn, not counted: nobody can guess the
    /// next one (RFC 2577 §8).
    pub(super) fn listen(
        address: IpAddr,
        ports: &RangeInclusive<u16>,
    ) -> io::Result<(DataSetup, u16)> {
        let (first, last) =
            (u32::from(*ports.start()), u32::from(*ports.end()));
        let count = last - first + 1;
        let start = rand::rng().random_range(0..count);
        for step in 0..count {
            let port = first + (start + step) % count;
            let port = u16::try_from(port).map_err(io::Error::other)?;
            match listen_at(SocketAddr::new(address, port)) {
                Ok(listener) => {
                    return Ok((DataSetup::Passive(listener), port));
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AddrInUse.into())
    }

    /// For people, in the reply to STAT.
    pub(super) fn describe(&self) -> String {
        match self {
            DataSetup::Default => "Data connection: none set up".to_owned(),
            DataSetup::Passive(_) => {
                "Data connection: passive, waiting for the client".to_owned()
            }
            DataSetup::Active(to) => {
                format!("Data connection: active to {to}")
            }
        }
    }

    /// Has the connection come about, while the control connection is
    /// heard.
    pub(super) fn open(self, watch: &mut Watch<'_>) -> Result<Side, Broken> {
        watch.begin()?;
        let opened = match self {
            DataSetup::Passive(listener) => accept(&listener, watch),
            DataSetup::Active(to) => connect(to, watch),
            DataSetup::Default => connect(watch.peer(), watch),
        };
        opened.map_err(|broken| match broken {
            Broken::Data(error) => Broken::NoConnection(error),
            broken => broken,
        })
    }
}

/// Takes the client's connection. Whoever else comes is sent away: a port
/// can be guessed (RFC 2577 §8).
fn accept(
    listener: &TcpListener,
    watch: &mut Watch<'_>,
) -> Result<Side, Broken> {
    let client = watch.peer().ip().to_canonical();
    let until = watch.deadline();
    loop {
        match Side::accept(listener) {
            Ok(Some((side, peer))) if peer.ip().to_canonical() == client => {
                return Ok(side);
            }
            Ok(Some((stranger, peer))) => {
                watch.stranger(peer);
                stranger.break_off();
            }
            Ok(None) => watch.wait_to_read(listener.as_fd(), until)?,
            Err(error) => return Err(Broken::NoConnection(Some(error))),
        }
    }
}

/// Goes to the client, from the address at which it came (RFC 1123
/// §4.1.2.12).
fn connect(to: SocketAddr, watch: &mut Watch<'_>) -> Result<Side, Broken> {
    let refused = |error| Broken::NoConnection(Some(error));
    let side = Side::connect(watch.local(), to).map_err(refused)?;
    let until = watch.deadline();
    watch.wait_to_write(side.as_fd(), until)?;
    side.connected().map_err(refused)?;
    Ok(side)
}

fn listen_at(address: SocketAddr) -> io::Result<TcpListener> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// One connection is wanted; some room is left for strangers, who must not
/// keep the client out.
const BACKLOG: i32 = 8;
