//! The lies about codes and reasons: an honest reply goes in, what the
//! chosen lie makes of it comes out. Without such a lie it is the identity.

use crate::{
    lies::{Lie, told},
    wire::{Reason, Reply, Verb},
};

/// Twists the reply to that verb.
pub(crate) fn twist(verb: Option<Verb>, mut reply: Reply) -> Reply {
    codes(verb, &mut reply);
    if told(Lie::ReasonMissing) && reply.code == "402" {
        reply.fields.retain(|(key, _)| *key != "reason");
    }
    if told(Lie::ReasonTwice) && reply.code == "402" {
        reply.fields.push(("reason", "io".to_owned()));
    }
    let word = match () {
        () if told(Lie::ReasonUnlisted) && reply.is(Reason::LoginFirst) => {
            "unauthorized"
        }
        () if told(Lie::ReasonWrong) && reply.is(Reason::NotEmpty) => "denied",
        () if told(Lie::ReasonUnknownVerb)
            && reply.is(Reason::UnknownVerb) =>
        {
            "bad-argument"
        }
        () => return reply,
    };
    for (key, value) in &mut reply.fields {
        if *key == "reason" {
            word.clone_into(value);
        }
    }
    reply
}

fn codes(verb: Option<Verb>, reply: &mut Reply) {
    let refused = |reason| reply.is(reason);
    let by = |asked| verb == Some(asked);
    let code = reply.code;
    reply.code = match () {
        () if told(Lie::Code200) && code == "200" => "201",
        () if told(Lie::Code201) && by(Verb::Rm) && code == "201" => "200",
        () if told(Lie::Code202) && code == "202" => "201",
        () if told(Lie::Code203) && by(Verb::Get) && code == "203" => "201",
        () if told(Lie::Code205) && by(Verb::Get) && code == "205" => "405",
        () if told(Lie::Code400) && refused(Reason::BadPassword) => "401",
        () if told(Lie::Code401) && refused(Reason::NotEmpty) => "403",
        () if told(Lie::Code402) && by(Verb::Cd) && code == "402" => "401",
        () if told(Lie::Code403) && by(Verb::Mkdir) && code == "403" => "402",
        () if told(Lie::Code404) && refused(Reason::OverQuota) => "401",
        () if told(Lie::Code405) && by(Verb::Put) && code == "405" => "205",
        () if told(Lie::NoopCode) && by(Verb::Noop) && code == "201" => "200",
        () => code,
    };
}
