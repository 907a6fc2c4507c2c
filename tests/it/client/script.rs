//! `-c` and scripts on standard input.

use super::{fake::Fake, tool::Tool};

#[test]
fn a_script_is_cut_at_newlines_and_semicolons_and_has_comments() {
    let script = "in
         C: mkdir a
         S: 201 path=/a
         C: cd a
         S: 201 path=/a
         C: pwd
         S: 201 path=/a";
    let commands = "# first\nmkdir a; cd a # there\n\n;pwd";
    let fake = Fake::play(script);
    let piped = Tool::new(fake.address).pipe(commands).code(0);
    fake.end();
    let fake = Fake::play(script);
    let argument = Tool::new(fake.address).run(commands).code(0);
    fake.end();
    assert_eq!(piped.out, argument.out);
    assert_eq!(piped.err, "");
}

#[test]
fn a_script_stops_at_the_first_failure() {
    for commands in ["mkdir a; mkdir a; mkdir b", "mkdir a\nmkdir a\nmkdir b"]
    {
        let fake = Fake::play(
            "in
             C: mkdir a
             S: 201 path=/a
             C: mkdir a
             S: 403 reason=exists : the name is taken
             C: quit
             S: 201
             close",
        );
        Tool::new(fake.address)
            .pipe(commands)
            .code(6)
            .complained("403  a: the name is taken");
        fake.end();
    }
}

#[test]
fn what_is_no_command_is_exit_2_and_stops_the_script() {
    for (commands, said) in [
        ("pwd; nonsense; mkdir a", "---  nonsense: no such command"),
        ("pwd; get; mkdir a", "---  usage: get [-f] FILE [LOCAL]"),
        ("pwd\nmkdir 'a\nmkdir b", "---  a quote is not closed"),
    ] {
        let fake = Fake::play(
            "in\nC: pwd\nS: 201 path=/\nC: quit\nS: 201 : bye\nclose",
        );
        Tool::new(fake.address).run(commands).code(2).complained(said);
        fake.end();
    }
}

#[test]
fn nothing_but_text_goes_where_no_terminal_is() {
    let fake = Fake::play(
        "in
         C: get a
         S: 405 offset=0 length=5 size=5
         S| hello
         S: 201 size=5",
    );
    let ran = Tool::new(fake.address).pipe("get a\n").code(0);
    assert_eq!(ran.err, "", "no bar, no prompt");
    assert!(!ran.out.contains('\x1b') && !ran.out.contains('>'), "{ran:?}");
    fake.end();
}

#[test]
fn local_commands_need_no_server() {
    let fake = Fake::play("in");
    let tool = Tool::new(fake.address);
    std::fs::create_dir(tool.here("sub")).expect("a folder");
    tool.write("sub/a\x1b.txt", "hello");
    let here = std::fs::canonicalize(tool.here("")).expect("a folder");
    let ran = tool.run("lpwd; lcd sub; lpwd; ldir; lcd; help; help get");
    let ran = ran
        .code(0)
        .said(&format!("---  {}", here.display()))
        .said(&format!("---  {}/sub", here.display()))
        .said("---  1 entry")
        .said("get [-f] FILE [LOCAL]");
    assert!(ran.out.contains("a\\x1b.txt"), "{ran:?}");
    fake.end();
    let fake = Fake::play("in");
    Tool::new(fake.address).run("lcd nowhere").code(5);
    fake.end();
}

#[test]
fn what_happened_is_logged_and_a_password_never() {
    let fake = Fake::play(
        "in
         C: mkdir a
         S: 201 path=/a
         C: cd secret-place
         S: 402 reason=not-found : no such",
    );
    let tool = Tool::new(fake.address);
    let _ran = tool.run("mkdir a; cd secret-place").code(5);
    let log = tool.log();
    for event in ["signed in", "201 a made", "402 secret-place: no such"] {
        assert!(log.contains(event), "{event} in {log}");
    }
    assert!(!log.replace("secret-place", "").contains("secret"), "{log}");
    fake.end();
}

#[test]
fn a_log_that_cannot_be_written_is_no_hindrance() {
    let fake = Fake::play("in\nC: pwd\nS: 201 path=/");
    let tool = Tool::new(fake.address);
    let output = tool
        .command(&["-c", "pwd"])
        .env("FTPOOL_CLIENT_HOME", "/dev/null")
        .output()
        .expect("the program");
    super::tool::Ran::of(output)
        .code(0)
        .said("201  /")
        .complained("---  no log is written");
    fake.end();
}
