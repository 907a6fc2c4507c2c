//! `dir`: what servers list, and how.

use super::peer::Peer;

#[test]
fn a_listing_of_facts_is_a_sorted_table() {
    let peer = Peer::play(
        "in MLST
         epsv
         C: MLSD
         S: 150 here
         D: type=cdir; .\\r\\ntype=pdir; ..\\r\\n
         D: type=file;size=12;modify=20261123100001; b c.txt\\r\\n
         D: Type=dir;Modify=20261123100000.5; a\\r\\n
         D: type=OS.unix=slink; l\\n
         D.
         S: 226 done",
    );
    let ran = peer.tool().run("dir").code(0);
    assert_eq!(
        ran.out,
        "230  signed in as anna\n\
         226  3 entries\n        \
         size  changed (UTC)        name\n\
         dir     -  2026-11-23 10:00:00  a/\n       \
         12  2026-11-23 10:00:01  b c.txt\n\
         link    -  -                    l@\n"
            .replacen("        size", "     size", 1)
    );
    peer.end();
}

#[test]
fn a_file_is_its_own_listing() {
    let peer = Peer::play(
        "in MLST
         epsv
         C: MLSD d/a
         S: 501 a file
         C: MLST d/a
         S: 250-here
         S:  type=file;size=5;modify=20261123100000; /home/d/a
         S: 250 end
         epsv
         C: MLSD x
         S: 550 no x
         C: MLST x
         S: 550 no x",
    );
    let ran = peer.tool().run("dir d/a; dir x").code(5);
    let ran = ran.said("250  1 entry").complained("550  x: no x");
    ran.said("        5  2026-11-23 10:00:00  a");
    peer.end();
}

#[test]
fn a_server_without_facts_is_asked_for_columns() {
    for before in ["in SIZE", "in MLST\nepsv\nC: MLSD -a\nS: 500 what"] {
        let peer = Peer::play(&format!(
            "{before}
             epsv
             C: LIST ./-a
             S: 125 here
             D: total 2\\r\\n
             D: drwxr-xr-x 2 u g 4096 Feb  3  2025 d\\r\\n
             D: -rw-r--r-- 1 u g 5 Feb  3  2025 a b\\r\\n
             D: 11-23-26  10:05AM       <DIR>          e\\r\\n
             D: whatever this is\\r\\n
             D.
             S: 250 done"
        ));
        let ran = peer.tool().run("dir -a").code(0);
        let ran = ran
            .said("250  4 entries")
            .said("        5  2025-02-03 00:00:00  a b")
            .said("dir     -  2025-02-03 00:00:00  d/")
            .said("dir     -  2026-11-23 10:05:00  e/");
        ran.said("?       -  -                    whatever this is");
        peer.end();
    }
}

#[test]
fn an_address_in_a_passive_reply_is_ignored() {
    // Nobody listens at that address, nor may anybody.
    for address in ["192,0,2,1", "255,255,255,255", "0,0,0,0"] {
        let peer = Peer::play(&format!(
            "in MLST
             C: EPSV
             S: 500 what
             pasv {address}
             C: MLSD
             S: 150 here
             D.
             S: 226 done
             pasv {address}
             C: MLSD
             S: 150 here
             D.
             S: 226 done"
        ));
        peer.tool().run("dir; dir").code(0).said("226  0 entries");
        peer.end();
    }
}

#[test]
fn a_passive_reply_that_makes_no_sense_is_followed_by_the_older_way() {
    let peer = Peer::play(
        "in MLST
         C: EPSV
         S: 229 here (|||)
         pasv 127,0,0,1
         C: MLSD
         S: 150 here
         D.
         S: 226 done
         C: EPSV
         S: 425 not now
         C: PASV
         S: 425 nor this",
    );
    let ran = peer.tool().run("dir; dir").code(8);
    ran.complained("425  dir: nor this");
    peer.end();
}
