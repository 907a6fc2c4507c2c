//! The FTP conversation, fed by hand.

use super::{Conversation, Dialect, Ftp, Heard, Listing, Step, Talk};

/// A signed-in session.
fn session() -> Talk {
    let mut talk = Ftp { listing: Listing::List }.talk();
    assert_eq!(
        hear(&mut talk, "220-welcome\r\n220 go\r\n"),
        ("Ready { limit: None, serving: None }".to_owned(), String::new())
    );
    talk
}

/// What a server's bytes say in the end, and what is sent further.
fn hear(talk: &mut Talk, bytes: &str) -> (String, String) {
    let mut out = Vec::new();
    let mut said = String::new();
    let (used, heard) = talk.hear(bytes.as_bytes(), &mut out);
    assert_eq!(used, bytes.len());
    if heard != Heard::Nothing {
        said = format!("{heard:?}");
        assert_eq!(talk.hear(b"", &mut out), (0, Heard::Nothing), "{said}");
    }
    (said, String::from_utf8(out).expect("commands are text"))
}

#[track_caller]
fn begin(talk: &mut Talk, step: Step<'_>) -> String {
    let mut out = Vec::new();
    talk.begin(step, &mut out);
    String::from_utf8(out).expect("commands are text")
}

/// Each of the server's lines, with what is to come of it.
#[track_caller]
fn goes(talk: &mut Talk, story: &[(&str, &str, &str)]) {
    for (line, said, sent) in story {
        let heard = hear(talk, &format!("{line}\r\n"));
        assert_eq!((heard.0.as_str(), heard.1.as_str()), (*said, *sent));
    }
}

const GET: Step<'_> = Step::Get { path: "/a", held: None };
const OPEN: &str = "Open { code: 229, port: 6446 }";
const EPSV: &str = "229 Entering Extended Passive Mode (|||6446|)";

#[test]
fn a_sign_in_has_two_commands_or_one() {
    let sign_in = Step::SignIn { user: "anna", password: "se cret" };
    let done = "Done { code: Some(230), size: None }";
    let mut talk = session();
    assert_eq!(begin(&mut talk, sign_in), "USER anna\r\n");
    goes(
        &mut talk,
        &[("331 and?", "", "PASS se cret\r\n"), ("230 in", done, "")],
    );
    let mut talk = session();
    begin(&mut talk, sign_in);
    goes(&mut talk, &[("230 in", done, "")]);
    let mut talk = session();
    begin(&mut talk, sign_in);
    let refused = "Refused { code: 530, label: \"530 Sorry, max … users\" }";
    goes(&mut talk, &[("331 and?", "", "PASS se cret\r\n")]);
    goes(&mut talk, &[("530 Sorry, max 10 users", refused, "")]);
}

#[test]
fn a_download_ends_with_its_data_and_its_reply_in_either_order() {
    let mut talk = session();
    assert_eq!(begin(&mut talk, GET), "TYPE I\r\n");
    goes(
        &mut talk,
        &[("200 ok", "", "EPSV\r\n"), (EPSV, OPEN, "RETR /a\r\n")],
    );
    goes(&mut talk, &[("150 here", "Begun { code: 150 }", "")]);
    assert_eq!(talk.data_ended(), Heard::Nothing);
    goes(
        &mut talk,
        &[("226 done", "Done { code: Some(226), size: None }", "")],
    );
    // The type is said once in a session.
    assert_eq!(begin(&mut talk, GET), "EPSV\r\n");
    goes(&mut talk, &[(EPSV, OPEN, "RETR /a\r\n")]);
    let both = hear(&mut talk, "150 here\r\n");
    assert_eq!(both.0, "Begun { code: 150 }");
    goes(&mut talk, &[("226 done", "", "")]);
    assert_eq!(talk.data_ended(), Heard::Done { code: Some(226), size: None });
}

#[test]
fn a_resumed_download_says_where_right_before_its_command() {
    let mut talk = session();
    let half = Step::Get { path: "/a", held: Some((7, "digest")) };
    begin(&mut talk, half);
    goes(&mut talk, &[("200 ok", "", "EPSV\r\n"), (EPSV, OPEN, "REST 7\r\n")]);
    goes(&mut talk, &[("350 from there", "", "RETR /a\r\n")]);
    let refused = "Refused { code: 426, label: \"426 cut off\" }";
    goes(&mut talk, &[("125 here", "Begun { code: 125 }", "")]);
    goes(&mut talk, &[("426 cut off", refused, "")]);
}

#[test]
fn pasv_comes_where_epsv_is_refused_and_its_address_does_not_count() {
    let mut talk = session();
    assert_eq!(begin(&mut talk, Step::Dir("/d")), "EPSV\r\n");
    let open = "Open { code: 227, port: 258 }";
    goes(
        &mut talk,
        &[
            ("500 EPSV not understood", "", "PASV\r\n"),
            ("227 Entering Passive Mode (10,1,2,3,1,2).", open, "LIST /d\r\n"),
            ("150 here", "Begun { code: 150 }", ""),
            ("226 done", "", ""),
        ],
    );
    assert_eq!(talk.data_ended(), Heard::Done { code: Some(226), size: None });
    // It is not tried again.
    assert_eq!(begin(&mut talk, Step::Dir("/d")), "PASV\r\n");
}

#[test]
fn an_upload_is_confirmed_whenever_the_server_says_so() {
    let mut talk = session();
    let put = Step::Put { path: "/b", size: 3, digest: None };
    begin(&mut talk, put);
    goes(
        &mut talk,
        &[("200 ok", "", "EPSV\r\n"), (EPSV, OPEN, "STOR /b\r\n")],
    );
    goes(&mut talk, &[("150 go", "Send { code: 150, offset: 0 }", "")]);
    goes(
        &mut talk,
        &[("226 done", "Done { code: Some(226), size: None }", "")],
    );
}

#[test]
fn a_full_server_turns_away_and_a_busy_one_lets_wait() {
    let ftp = Ftp { listing: Listing::Mlsd };
    let mut talk = ftp.talk();
    let away = "TurnedAway(\"421 Too many connections\")";
    goes(&mut talk, &[("421 Too many connections", away, "")]);
    let mut talk = ftp.talk();
    let waiting = "Waiting { position: None, limit: None }";
    goes(&mut talk, &[("120 ready in 5 minutes", waiting, "")]);
    let mut talk = session();
    let away = "Dismissed(\"421 Timeout\")";
    goes(&mut talk, &[("421 Timeout", away, "")]);
}

#[test]
fn what_does_not_fit_is_nonsense() {
    for line in ["226 done", "hello", "150 here"] {
        let mut talk = session();
        let said = hear(&mut talk, &format!("{line}\r\n")).0;
        assert!(said.starts_with("Nonsense"), "{line}: {said}");
    }
    let mut talk = session();
    begin(&mut talk, Step::Dir("/d"));
    let said = hear(&mut talk, "229 no port\r\n").0;
    assert!(said.starts_with("Nonsense"), "{said}");
}
