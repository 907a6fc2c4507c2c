//! The client as its users meet it: the program itself, against a peer that
//! plays a written conversation (`fake`), and against the real server.

mod answers;
mod coming_in;
mod downloads;
mod fake;
mod ftp;
mod names;
mod password;
mod prompt;
mod real;
mod script;
mod terminal;
mod tool;
mod uploads;
