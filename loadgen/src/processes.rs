//! What the system says of a server: the processor time and the memory of
//! its process and of all that come from it. Some servers have a process
//! for each session, and what those cost is what the server costs.
//!
//! Must not know: what is done to the server.

use std::{collections::HashMap, fs};

use crate::clock::Nanos;

/// One process, as far as it matters here.
struct Process {
    parent: u32,
    /// The time that it and those of its children have used for whose end
    /// it has waited, in ticks.
    ticks: u64,
}

/// The processor time that a process and all that came from it have used,
/// in nanoseconds. Those that have ended count, once their parent knows.
pub(crate) fn processor_time(root: u32) -> Option<Nanos> {
    let all = processes();
    let ticks: u64 =
        family(root, &all)?.iter().map(|pid| all[pid].ticks).sum();
    Some(ticks * TICK)
}

/// The memory that is their own share (PSS), in KiB.
pub(crate) fn memory_kib(root: u32) -> Option<u64> {
    let all = processes();
    // Some may end while the others are looked at.
    let family = family(root, &all)?.into_iter().filter_map(share_kib);
    Some(family.sum())
}

/// The process and its descendants; `None`: there is no such process.
fn family(root: u32, all: &HashMap<u32, Process>) -> Option<Vec<u32>> {
    all.get(&root)?;
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for (&pid, process) in all {
        children.entry(process.parent).or_default().push(pid);
    }
    let mut family = vec![root];
    let mut looked_at = 0;
    while let Some(&pid) = family.get(looked_at) {
        looked_at += 1;
        family.extend(children.remove(&pid).unwrap_or_default());
    }
    Some(family)
}

fn processes() -> HashMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    entries
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, process(pid)?))
        })
        .collect()
}

fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is a name in brackets and may hold anything; the
    // fields behind it count from 3 (proc(5)).
    let fields: Vec<&str> =
        stat.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = [14, 15, 16, 17].map(number).into_iter().sum::<Option<_>>()?;
    Some(Process { parent: u32::try_from(number(4)?).ok()?, ticks })
}

fn share_kib(pid: u32) -> Option<u64> {
    let rollup =
        fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = rollup.lines().find(|line| line.starts_with("Pss:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The kernel counts processor time in hundredths of a second here.
const TICK: Nanos = 10_000_000;

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader},
        process::{Child, Command, Stdio},
    };

    use super::{memory_kib, process, processor_time, share_kib};

    /// A shell whose child has worked and ended, and that has another one,
    /// alive.
    fn parent() -> Child {
        let work = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let script = format!("sh -c '{work}'; cat <&3 & echo done; wait");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec 3<&0; {script}")]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        command.spawn().expect("there is a shell")
    }

    #[test]
    fn children_count_alive_and_ended() {
        let mut parent = parent();
        let pid = parent.id();
        let output = parent.stdout.take().expect("it is ours");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("it speaks");
        assert_eq!(line, "done\n");
        let time = processor_time(pid).expect("it lives");
        assert!(time >= 30_000_000, "{time} ns in its child");
        let whole = memory_kib(pid).expect("it lives");
        let alone = share_kib(pid).expect("it lives");
        assert!(whole > alone, "{whole} KiB with its child, {alone} without");
        let own = std::process::id();
        assert_eq!(process(pid).map(|it| it.parent), Some(own));
        drop(parent.stdin.take());
        parent.wait().expect("it is ours");
        assert_eq!(processor_time(pid), None);
    }
}
