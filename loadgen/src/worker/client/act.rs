//! The sending half of a client: operations as steps, requests and uploads
//! as bytes, cuts in their middle.

use std::{fmt::Write as _, sync::Arc};

use super::{
    Action, CutAt, Dialect, Ending, EventFlags, Moved, Nanos, Op, State, Step,
    Worker, socket,
};
use crate::{dialect::Conversation as _, workload::Check};

/// An upload under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Upload {
    file: usize,
    done: u64,
    /// Where it is cut off, or the file's end.
    end: u64,
    /// It goes over a data connection.
    pub(super) apart: bool,
}

impl Upload {
    /// What is wrong with an upload that the server says is done.
    pub(super) fn fault(&self, begun: bool, path: &str) -> Option<String> {
        let (done, end) = (self.done, self.end);
        let same = !self.apart && !begun;
        (done < end && !same)
            .then(|| format!("{path}: confirmed after {done} of {end} bytes"))
    }

    /// Whether the rest of it would be read as the next request.
    pub(super) fn is_in_way(&self, begun: bool) -> bool {
        !self.apart && begun && self.done < self.end
    }
}

impl<D: Dialect> Worker<D> {
    /// Begins an operation that was due at a known time.
    pub(super) fn act(
        &mut self,
        index: u32,
        action: Action,
        due: Nanos,
        now: Nanos,
    ) {
        let op = self.really(index, action);
        if matches!(op, Op::Quit | Op::Login) {
            self.client_mut(index).returns_at_once = op == Op::Login;
            return self.say_goodbye(index, now);
        }
        let client = self.client_mut(index);
        client.action = Action { op, file: action.file };
        client.due = due;
        client.started = now;
        client.variant = 0;
        self.begin_op(index, now);
        if self.client(index).cut == Some(CutAt::Command) {
            self.cut(index, now);
        }
    }

    /// Fetches what the client has just put.
    pub(super) fn read_back(&mut self, index: u32, now: Nanos) {
        let client = self.client_mut(index);
        client.action.op = Op::ReadBack;
        client.due = now;
        client.started = now;
        self.begin_op(index, now);
    }

    fn begin_op(&mut self, index: u32, now: Nanos) {
        let client = self.client_mut(index);
        client.state = State::Acting;
        client.flowed = false;
        client.flow = None;
        client.last_byte = None;
        self.ask(index, now);
    }

    /// What a drawn operation comes to: a file is put before it is removed,
    /// a directory is made and removed in turn, and a file of one byte has
    /// no half to resume from.
    fn really(&self, index: u32, action: Action) -> Op {
        let client = self.client(index);
        let file = &self.shared.shelf.files[action.file as usize];
        match action.op {
            Op::Rm if client.kept.is_none() => Op::Put,
            Op::Mkdir if client.has_directory => Op::Rmdir,
            Op::Resume if file.half.0 == 0 => Op::Get,
            op => op,
        }
    }

    /// Sends the request of the client's operation.
    fn ask(&mut self, index: u32, now: Nanos) {
        let shared = Arc::clone(&self.shared);
        let shelf = &shared.shelf;
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        let client = self.client_mut(index);
        let file = &shelf.files[client.action.file as usize];
        let (user, folder) = (client.user, shelf.folder.as_str());
        let slot = client.kept.unwrap_or(0);
        let room = user % WORK_ROOMS;
        let step = match client.action.op {
            Op::Pwd => Step::Pwd,
            Op::Cd => {
                client.looks_inside = !client.looks_inside;
                let below = if client.looks_inside { "/get" } else { "" };
                name(&mut path, format_args!("{folder}{below}"));
                Step::Cd(&path)
            }
            Op::Dir => {
                name(&mut path, format_args!("{folder}/get"));
                Step::Dir(&path)
            }
            Op::Mkdir | Op::Rmdir => {
                name(&mut path, format_args!("{folder}/w{room}/d{user}"));
                match client.action.op {
                    Op::Mkdir => Step::Mkdir(&path),
                    _ => Step::Rmdir(&path),
                }
            }
            Op::Rm | Op::ReadBack => {
                let form = format_args!("{folder}/w{room}/u{user}-{slot}");
                name(&mut path, form);
                match client.action.op {
                    Op::Rm => Step::Rm(&path),
                    _ => Step::Get { path: &path, held: None },
                }
            }
            Op::Put => {
                let slot = client.puts % PUT_SLOTS;
                let form = format_args!("{folder}/w{room}/u{user}-{slot}");
                name(&mut path, form);
                client.variant = (client.puts / PUT_SLOTS % 2) as usize;
                client.upload = Some(Upload {
                    file: client.action.file as usize,
                    apart: false,
                    done: 0,
                    end: file.size,
                });
                let named = shared.workload.check == Check::Digests;
                let digest = &file.contents[client.variant].digest;
                Step::Put {
                    path: &path,
                    size: file.size,
                    digest: named.then_some(digest),
                }
            }
            Op::Resume => Step::Get {
                path: &file.path,
                held: Some((file.half.0, &file.half.1)),
            },
            Op::Get | Op::Visit | Op::Login | Op::Quit => {
                Step::Get { path: &file.path, held: None }
            }
        };
        self.send(index, step, now);
        self.path = path;
    }

    /// Sends a step's request.
    pub(super) fn send(&mut self, index: u32, step: Step<'_>, now: Nanos) {
        let client = self.client_mut(index);
        client.first_byte = None;
        client.out.clear();
        client.out_done = 0;
        let mut out = std::mem::take(&mut client.out);
        client.talk.begin(step, &mut out);
        client.out = out;
        client.moved = now;
        self.write_on(index, now);
    }

    /// The server takes the upload from an offset on.
    pub(super) fn begin_upload(
        &mut self,
        index: u32,
        offset: u64,
        now: Nanos,
    ) {
        let client = self.client_mut(index);
        let cut = client.cut == Some(CutAt::Upload);
        let Some(upload) = &mut client.upload else { return };
        if offset > upload.end {
            let what = format!("an upload is to begin at {offset}");
            return self.note_wrong(index, &what, now);
        }
        upload.done = offset;
        if cut {
            upload.end = offset + (upload.end - offset) / 2;
        }
        self.upload_on(index, now);
    }

    /// Writes what is to be written, as far as it goes.
    pub(super) fn write_on(&mut self, index: u32, now: Nanos) {
        loop {
            let sent = self.shared.clock.now();
            let client = self.client_mut(index);
            let Some(stream) = &client.stream else { return };
            if client.out_done == client.out.len() {
                break;
            }
            // The moment just before what will be answered went out.
            client.sent = sent;
            match socket::write(stream, &client.out[client.out_done..]) {
                Moved::Bytes(count) => {
                    client.moved = now;
                    client.out_done += count;
                }
                Moved::Later => {
                    let both = EventFlags::IN | EventFlags::OUT;
                    return self.want(index, both);
                }
                Moved::Broken(why) => {
                    let op = self.current_op(index);
                    return self.lose(index, op, why, Ending::Dropped, now);
                }
            }
        }
        let client = self.client(index);
        let in_way = client.upload.as_ref().is_some_and(|it| !it.apart);
        if in_way && client.flowed {
            return self.upload_on(index, now);
        }
        self.want(index, EventFlags::IN);
    }

    /// Writes the upload, as far as it goes.
    pub(super) fn upload_on(&mut self, index: u32, now: Nanos) {
        let shared = Arc::clone(&self.shared);
        let mut budget = WRITE_MAX;
        while budget > 0 {
            let client = &mut self.clients[index as usize];
            let Some(upload) = client.upload.as_mut() else { return };
            if !client.flowed {
                return;
            }
            let left = upload.end - upload.done;
            if left == 0 {
                break;
            }
            let stream = if upload.apart {
                client.data.as_ref().map(|data| &data.stream)
            } else {
                client.sent = shared.clock.now();
                client.stream.as_ref()
            };
            let Some(stream) = stream else { return };
            let file = &shared.shelf.files[upload.file];
            let content = &file.contents[client.variant];
            let piece = shared.shelf.piece(content, upload.done, left);
            match socket::write(stream, piece) {
                Moved::Bytes(count) => {
                    client.moved = now;
                    upload.done += count as u64;
                    budget = budget.saturating_sub(count);
                    self.slice.bytes_out += count as u64;
                }
                Moved::Later => break,
                // The reply says why.
                Moved::Broken(_) if upload.apart => {
                    return self.end_data(index, now);
                }
                Moved::Broken(why) => {
                    let op = self.current_op(index);
                    return self.lose(index, op, why, Ending::Dropped, now);
                }
            }
        }
        self.after_upload(index);
    }

    fn after_upload(&mut self, index: u32) {
        let now = self.shared.clock.now();
        let client = self.client_mut(index);
        let Some(upload) = client.upload else { return };
        let whole = upload.done == upload.end;
        if whole && client.cut == Some(CutAt::Upload) {
            return self.cut(index, now);
        }
        if whole {
            client.last_byte = Some(now);
        }
        match (upload.apart, whole) {
            (false, true) => self.want(index, EventFlags::IN),
            (false, false) => {
                self.want(index, EventFlags::IN | EventFlags::OUT);
            }
            // The close is the upload's end, once there is a connection.
            (true, true) if upload.done > 0 || self.has_data(index) => {
                self.end_data(index, now);
            }
            (true, _) => self.want_data(index, EventFlags::OUT),
        }
    }

    /// The upload is in place, or the removal done: what is there now.
    pub(super) fn remember(&mut self, index: u32) {
        let client = self.client_mut(index);
        match client.action.op {
            Op::Put => {
                client.kept = Some(client.puts % PUT_SLOTS);
                client.puts += 1;
            }
            Op::Rm => client.kept = None,
            Op::Mkdir => client.has_directory = true,
            Op::Rmdir => client.has_directory = false,
            Op::Visit
            | Op::Login
            | Op::Pwd
            | Op::Cd
            | Op::Dir
            | Op::Get
            | Op::Resume
            | Op::ReadBack
            | Op::Quit => {}
        }
    }
}

fn name(path: &mut String, form: std::fmt::Arguments<'_>) {
    path.write_fmt(form).expect("a String takes every write");
}

/// The directories below which clients write, so that none gets too large.
pub(crate) const WORK_ROOMS: u32 = 16;

/// The names under which one client puts files, in turn.
pub(crate) const PUT_SLOTS: u32 = 2;

/// What is written to one connection before the others have their turn.
const WRITE_MAX: usize = 1024 * 1024;
