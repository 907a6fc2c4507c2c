//! The data connection of a client whose protocol has one: opened, read
//! from, written to, closed. Its bytes mean what they do on the other one.
//!
//! Must not know: how a protocol says that there is to be one.

use std::{
    net::{SocketAddr, TcpStream},
    sync::Arc,
};

use rustix::event::epoll;

use super::{
    Check, Dialect, Ending, EventFlags, Moved, Nanos, Op, Phase, Worker, come,
    socket,
};
use crate::{dialect::Conversation as _, worker::mark::Mark};

/// A data connection.
pub(super) struct Data {
    pub(super) stream: TcpStream,
    /// What the poll is asked about it.
    interest: EventFlags,
}

impl Data {
    /// Closes it so that the server sees a reset.
    pub(super) fn reset(self) {
        socket::reset(self.stream);
    }
}

impl<D: Dialect> Worker<D> {
    /// The operation's bytes go over a connection of their own.
    pub(super) fn open_data(&mut self, index: u32, port: u16, now: Nanos) {
        let shared = Arc::clone(&self.shared);
        let (group, _) = self.group_of(&shared, index);
        let client = self.client_mut(index);
        let (op, took) = (client.action.op, now - client.started);
        self.note_phase(index, op, Phase::Passive, took);
        let client = self.client_mut(index);
        let uploads = client.upload.is_some();
        if let Some(upload) = &mut client.upload {
            upload.apart = true;
        }
        let interest = match uploads {
            // Nothing is to be written before the server says so.
            true => EventFlags::empty(),
            false => EventFlags::IN | EventFlags::RDHUP,
        };
        let visit = client.visits;
        let small = group.read_rate.map(|_| come::SLOW_BUFFER_BYTES);
        let target = SocketAddr::new(shared.target.ip(), port);
        let stream = match socket::begin(target, small) {
            Ok(stream) => stream,
            Err(error) if socket::is_own_fault(error) => {
                return self.have_no_data(index, &error.to_string(), now);
            }
            Err(_) => return self.lose_data(index, "cannot connect", now),
        };
        let data = Mark { index, visit, is_data: true }.data();
        if let Err(error) = epoll::add(&self.poll, &stream, data, interest) {
            return self.have_no_data(index, &error.to_string(), now);
        }
        self.client_mut(index).data = Some(Data { stream, interest });
        if !uploads {
            self.begin_flow_apart(index);
        }
    }

    /// This machine has run out of something.
    fn have_no_data(&mut self, index: u32, error: &str, now: Nanos) {
        self.harvest.watch.own_error(error);
        self.end_visit(index, Ending::Unreachable, now);
    }

    /// Without its data connection an operation has no end.
    fn lose_data(&mut self, index: u32, why: &str, now: Nanos) {
        let why = format!("data connection: {why}");
        let op = self.current_op(index);
        self.lose(index, op, &why, Ending::Dropped, now);
    }

    /// What the poll says about a client's data connection.
    pub(super) fn on_data_event(
        &mut self,
        index: u32,
        flags: EventFlags,
        now: Nanos,
    ) {
        let client = self.client(index);
        let Some(data) = &client.data else { return };
        if flags.contains(EventFlags::ERR)
            && let Some(why) = socket::connect_error(&data.stream)
            && why != socket::RESET
        {
            return self.lose_data(index, why, now);
        }
        if client.upload.is_none() {
            return self.read_data(index, flags, now);
        }
        if flags.intersects(EventFlags::ERR | EventFlags::HUP) {
            return self.end_data(index, now);
        }
        self.upload_on(index, now);
    }

    /// Reads what has come, and its end where that has come, too.
    fn read_data(&mut self, index: u32, flags: EventFlags, now: Nanos) {
        let shared = Arc::clone(&self.shared);
        let (group, _) = self.group_of(&shared, index);
        let mut buffer = std::mem::take(&mut self.buffer);
        let room = buffer.len();
        let most = group.read_rate.map_or(room, |rate| {
            usize::try_from(rate / 20).unwrap_or(room).clamp(1, room)
        });
        let visit = self.client(index).visits;
        let ended = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        loop {
            let client = self.client(index);
            let Some(data) = client.data.as_ref() else { break };
            if client.visits != visit {
                break;
            }
            let listing = client.action.op == Op::Dir;
            let moved = match shared.workload.check {
                Check::Lengths if !listing => {
                    socket::discard(&data.stream, &mut buffer[..most])
                }
                Check::Lengths | Check::Bytes | Check::Digests => {
                    socket::read(&data.stream, &mut buffer[..most])
                }
            };
            match moved {
                Moved::Bytes(count) if count > 0 => {
                    self.note_moved(index, now);
                    self.on_body(index, &buffer[..count], now);
                    self.slow_down(index, group.read_rate, count, now);
                    // A full buffer means more; the others have their turn.
                    if count == most || !flags.intersects(ended) {
                        break;
                    }
                }
                Moved::Later => break,
                // How it ended is for the reply to say.
                Moved::Bytes(_) | Moved::Broken(_) => {
                    self.end_data(index, now);
                    break;
                }
            }
        }
        self.buffer = buffer;
    }

    /// Whether the data connection stands.
    pub(super) fn has_data(&self, index: u32) -> bool {
        let data = self.client(index).data.as_ref();
        data.is_some_and(|data| data.stream.peer_addr().is_ok())
    }

    /// The data connection has come to its end, or is brought to it.
    pub(super) fn end_data(&mut self, index: u32, now: Nanos) {
        let client = self.client_mut(index);
        if client.data.take().is_some() {
            client.last_byte.get_or_insert(now);
            let heard = client.talk.data_ended();
            self.on_heard(index, heard, now);
        }
    }

    /// Tells the poll what is of interest, where that has changed.
    pub(super) fn want_data(&mut self, index: u32, interest: EventFlags) {
        let client = &mut self.clients[index as usize];
        let visit = client.visits;
        let Some(data) = &mut client.data else { return };
        if data.interest == interest {
            return;
        }
        data.interest = interest;
        let mark = Mark { index, visit, is_data: true }.data();
        let told = epoll::modify(&self.poll, &data.stream, mark, interest);
        if let Err(error) = told {
            self.harvest.watch.own_error(&error.to_string());
        }
    }
}
