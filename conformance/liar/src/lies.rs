//! The table of lies: every way in which this server can be told to be wrong.
//!
//! One row is one lie: its variant, the name it has on the command line and
//! in `kills:`, its kind, and what it does. `fixtures/mutants.yaml` says the
//! same for readers; a test holds the two equal. The place that tells a lie
//! asks [`told`]; this file knows nothing of what it finds there.

use std::sync::OnceLock;

/// Whether the lie is the one that this process was started with.
pub(crate) fn told(lie: Lie) -> bool {
    CHOSEN.get() == Some(&lie)
}

/// Chooses the process's one lie. A second choice changes nothing.
pub(crate) fn choose(lie: Lie) {
    CHOSEN.get_or_init(|| lie);
}

/// The lie of that name.
pub(crate) fn by_name(name: &str) -> Option<Lie> {
    TABLE.iter().find(|row| row.name == name).map(|row| row.lie)
}

/// One row of the table.
pub(crate) struct Row {
    /// The switch.
    pub(crate) lie: Lie,
    /// What the command line and the scenarios call it.
    pub(crate) name: &'static str,
    /// The family it belongs to.
    pub(crate) kind: &'static str,
    /// What the server does when it tells it.
    pub(crate) does: &'static str,
}

static CHOSEN: OnceLock<Lie> = OnceLock::new();

macro_rules! lies {
    ($($kind:literal { $($lie:ident $name:literal $does:literal,)* })*) => {
        /// Every lie, in the order of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Lie {
            $($(#[doc = $does] $lie,)*)*
        }

        /// The table, grouped by kind.
        pub(crate) const TABLE: &[Row] = &[$($(Row {
            lie: Lie::$lie,
            name: $name,
            kind: $kind,
            does: $does,
        },)*)*];
    };
}

lies! {
    "code" {
        Code000 "code-000" "tells a waiting client 200 state=waiting",
        Code200 "code-200" "a good auth is answered 201",
        Code201 "code-201" "rm is answered 200",
        Code202 "code-202" "put announces enough space with 201",
        Code203 "code-203" "get of the same file is answered 201",
        Code205 "code-205" "get announces a resumed transfer with 405",
        Code400 "code-400" "a wrong password is answered 401",
        Code401 "code-401" "rmdir of a directory that is not empty is answered 403",
        Code402 "code-402" "cd to what is missing is answered 401",
        Code403 "code-403" "mkdir over an existing name is answered 402",
        Code404 "code-404" "a put over the quota is answered 401",
        Code405 "code-405" "put from the start is answered 205",
        NoopCode "noop-code" "noop is answered 200",
    }
    "reason" {
        ReasonMissing "reason-missing" "402 carries no reason",
        ReasonTwice "reason-twice" "402 carries two reasons",
        ReasonUnlisted "reason-unlisted" "a command before auth has a reason that is in no list",
        ReasonWrong "reason-wrong" "401 not-empty says denied",
        ReasonUnknownVerb "reason-unknown-verb" "an unknown verb is a bad argument",
    }
    "resume" {
        GetOffByOne "get-off-by-one" "a resumed get sends its bytes from one before the offset",
        GetOffsetWrong "get-offset-wrong" "a resumed get announces one more than the offset it sends from",
        PutOffsetWrong "put-offset-wrong" "a resumed put announces one less than the part holds",
        PutOffByOne "put-off-by-one" "a resumed put overwrites the part's last byte and still says 201",
        GetSizeIsEnough "get-size-is-enough" "get takes an equal size for equality, whatever the digest says",
        GetPrefixIgnored "get-prefix-ignored" "get resumes whatever the digest of the beginning says",
        GetNeverResumes "get-never-resumes" "get always begins at 0",
        GetLongerIsSame "get-longer-is-same" "get answers 203 to a client that has more than the file",
        GetEmptyAgain "get-empty-again" "get of an empty file with have=0 is 405",
        GetLengthIsSize "get-length-is-size" "a resumed get announces the whole size as its length",
        PutSameBySize "put-same-by-size" "put without a digest is 203 where the size is equal",
        PutDigestIgnored "put-digest-ignored" "put with a digest is 203 by the size alone",
        PutNeverResumes "put-never-resumes" "put always begins at 0",
        PutResumesBlind "put-resumes-blind" "put without a digest resumes a part of the same name and size",
    }
    "quota" {
        QuotaRaced "quota-raced" "checks the quota first and reserves a moment later",
        ReservationKept "reservation-kept" "an upload that breaks off never gives its reservation back",
        ReservationIgnored "reservation-ignored" "what other sessions have reserved is not counted",
        QuotaOldFileFree "quota-old-file-free" "the older file is not counted until the swap",
        PartsNotCounted "parts-not-counted" "kept parts do not count as used",
        QuotaOneShort "quota-one-short" "a file that fills the quota exactly is refused",
        QuotaOneOver "quota-one-over" "one byte over the quota is admitted",
        QuotaNeverFreed "quota-never-freed" "used never goes down",
        AvailableWrong "available-wrong" "quota's available leaves out what is used",
        AvailableAfter "available-after" "202's available is after this upload's own share",
        NeededWrong "needed-wrong" "404's needed is the whole size though a part is kept",
        QuotaCloses "quota-closes" "404 is followed by a close",
    }
    "parts" {
        PartVisible "part-visible" "dir shows the kept part",
        PartReadable "part-readable" "get serves a kept part under the file's name",
        PartOfAnother "part-of-another" "put resumes a part that has another identity",
        PartStays "part-stays" "a put of another identity does not throw the kept part away",
        PartLost "part-lost" "an upload that breaks off leaves no part",
        PartsForgotten "parts-forgotten" "kept parts are forgotten at a restart",
        PartShared "part-shared" "a part in use is lent to a second upload",
        PartWithoutDigest "part-without-digest" "an upload without a digest leaves a part that counts",
        RmLeavesPart "rm-leaves-part" "rm of a name that has only a part is 402",
    }
    "files" {
        OldFileLost "old-file-lost" "the older file is removed when an upload begins",
        EarlyName "early-name" "a file is visible under its name while it grows",
        DigestUnchecked "digest-unchecked" "what arrived is not compared with the digest",
        MismatchKept "mismatch-kept" "bytes that do not match the digest are kept as a part",
        EarlyAck "early-ack" "201 is said well before the file is in place",
        PutSilentEnd "put-silent-end" "nothing is said after the bytes of a put",
        GetSilentEnd "get-silent-end" "nothing is said after the bytes of a get",
        DirGoneIgnored "dir-gone-ignored" "a put whose directory has gone makes it again",
        MkdirAgain "mkdir-again" "mkdir over an existing directory is 201",
        MkdirParents "mkdir-parents" "mkdir makes the parents that are missing",
        RmdirFull "rmdir-full" "rmdir removes a directory with all it holds",
        RmDirectory "rm-directory" "rm removes an empty directory",
        RmTarget "rm-target" "rm of a link removes its target",
        MvOverwrites "mv-overwrites" "mv replaces what has the name",
        MvIntoItself "mv-into-itself" "mv of a directory into itself is 201",
        MvTargetFirst "mv-target-first" "mv looks at TO before FROM",
        PutReplacesLink "put-replaces-link" "put onto a link replaces the link",
    }
    "bytes" {
        LineInside "line-inside" "a 000 line stands among the bytes of a get",
        StrayAfter "stray-after" "one byte too many follows the bytes of a get",
        ShortBody "short-body" "a get ends one byte short and goes on",
        WrongByte "wrong-byte" "the last byte of a get is wrong",
        ShrunkGoesOn "shrunk-goes-on" "a get whose file has shrunk ends with 201 all the same",
    }
    "pool" {
        PlaceLeaked "place-leaked" "a connection that is reset never gives its place back",
        PlaceEarly "place-early" "a place is given back before its connection is closed",
        LimitPlusOne "limit-plus-one" "one connection more than the limit is served",
        AdmissionRaced "admission-raced" "looks for a free place first and takes it a moment later",
        LimitMinusOne "limit-minus-one" "the last place is never used",
        GaugeConstant "gauge-constant" "ready always says serving=1",
        GaugeClamped "gauge-clamped" "two more than the limit are served, and serving never says so",
        PanicTakesPlace "panic-takes-place" "a name that is not UTF-8 panics the session, and its place is gone",
        NewcomerFirst "newcomer-first" "a free place waits for the next tick, and who just came takes it",
    }
    "queue" {
        PositionWrong "position-wrong" "positions are counted from 0",
        PositionsOnce "positions-once" "positions are not told again",
        LastFirst "last-first" "the last who came is served first",
        QueueUnbounded "queue-unbounded" "the queue is never full",
        QueueMissing "queue-missing" "there is no queue: busy at once",
        BusyStaysOpen "busy-stays-open" "a client that was told busy is not closed",
        GoneIsServed "gone-is-served" "a waiting client that left takes a worker for a while",
        WaitForever "wait-forever" "waiting has no time limit",
        WaitingBytesLost "waiting-bytes-lost" "what a waiting client sent is thrown away",
        QueueSilent "queue-silent" "nobody is told that he waits",
    }
    "jail" {
        EscapeDots "escape-dots" ".. leads above the home",
        EscapePercent "escape-percent" "%2e%2e leads above the home",
        EscapeAbsolute "escape-absolute" "an absolute path is one of the server's own",
        LinkOutGet "link-out-get" "get follows a link out of the home",
        LinkOutPut "link-out-put" "put follows a link out of the home",
        LinkOutReplaced "link-out-replaced" "put replaces a link that leads out of the home",
        LinkOutShown "link-out-shown" "dir shows a link that leads out of the home",
        LinkInHidden "link-in-hidden" "a link that stays inside does not work",
        CdAboveRefused "cd-above-refused" "cd .. at the root is 402",
        SpecialShown "special-shown" "dir shows pipes and sockets",
    }
    "auth" {
        UnequalText "unequal-text" "the text tells an unknown user from a wrong password",
        UnequalReason "unequal-reason" "the reason tells an unknown user from a wrong password",
        UnequalTime "unequal-time" "an unknown user is answered at once",
        FailuresForever "failures-forever" "failures never close the session",
        FailuresEarly "failures-early" "the second failure closes the session",
        MalformedCounts "malformed-counts" "a malformed auth counts as a failure",
        ServedBefore "served-before" "dir and pwd are served before auth",
        UnknownBefore "unknown-before" "an unknown verb before auth is 401",
        HelpBefore "help-before" "help before auth is refused",
        AuthTwice "auth-twice" "a second auth is accepted",
        ThrottledCloses "throttled-closes" "400 throttled is followed by a close",
        ThrottledNever "throttled-never" "password checks queue without a bound",
    }
    "wire" {
        UnknownCloses "unknown-closes" "an unknown verb closes the session",
        TooLongCloses "too-long-closes" "a line too long closes the session",
        TooLongSplit "too-long-split" "the rest of a line too long is taken for the next line",
        TooLongEarly "too-long-early" "a line of 4096 bytes is too long",
        EmptyIgnored "empty-ignored" "an empty line is not answered",
        CrKept "cr-kept" "a CR before the LF is taken for a part of the line",
        VerbCase "verb-case" "verbs are taken in lower case only",
        SpacesSingle "spaces-single" "two spaces in a row make an empty token",
        OptionsUnknown "options-unknown" "unknown options are accepted",
        OptionsTwice "options-twice" "a repeated option is accepted",
        OptionsFirst "options-first" "a name with = in it is taken for an option",
        TokensMore "tokens-more" "one token too many is ignored",
        NumberNegative "number-negative" "a negative number is taken for 0",
        NumberOverflow "number-overflow" "a number above 2^63-1 is accepted",
        PercentNul "percent-nul" "%00 is accepted",
        PercentBad "percent-bad" "a bad % stands for itself",
        ControlAccepted "control-accepted" "raw control bytes are accepted",
        BytesAccepted "bytes-accepted" "a line that is not UTF-8 is accepted",
        NameBare "name-bare" "names in fields are not encoded",
        NameTooLong "name-too-long" "a name of 256 bytes is 402 where it would be created",
        PipelineDropped "pipeline-dropped" "requests behind the first of a batch are dropped",
        OutOfOrder "out-of-order" "of two requests in a batch the second is answered first",
        QuitOpen "quit-open" "quit does not close",
        HalfCloseDropped "half-close-dropped" "after the client's FIN nothing more is answered",
    }
    "listing" {
        Unsorted "unsorted" "the listing is sorted backwards",
        SortedByCase "sorted-by-case" "the listing is sorted without regard to case",
        ListedSize "listed-size" "sizes in the listing are one too large",
        ListedDirSize "listed-dir-size" "directories are listed with their size on disk",
        ListedTimeLocal "listed-time-local" "times are local, with an offset",
        ListedTimeFine "listed-time-fine" "times have fractions of a second",
        ListedNameBare "listed-name-bare" "names in the listing are not encoded",
        EntriesWrong "entries-wrong" "entries= counts one too many",
        DirOfFile "dir-of-file" "dir of a file is 402",
    }
    "limits" {
        IdleMissing "idle-missing" "there is no idle limit",
        IdleExtended "idle-extended" "half a line extends the idle limit",
        StallMissing "stall-missing" "there is no stall limit",
        LoginMissing "login-missing" "there is no login limit",
        LoginExtended "login-extended" "every command extends the login limit",
        TimeoutSilent "timeout-silent" "a limit closes without its line",
        TimeoutWord "timeout-word" "every limit says limit=idle, and idle says limit=login",
        TimeoutInside "timeout-inside" "a get that stalls ends with a line among the bytes",
    }
    "shutdown" {
        ShutdownSilent "shutdown-silent" "sessions are closed without 000 state=closing",
        ShutdownCuts "shutdown-cuts" "transfers in flight get no grace period",
        ShutdownEndless "shutdown-endless" "transfers in flight are never cut",
        ShutdownWaiting "shutdown-waiting" "waiting clients are closed without a word",
        ShutdownListens "shutdown-listens" "new connections are still taken while transfers have their grace",
        HupIgnored "hup-ignored" "SIGHUP is ignored",
        HomeStaysGone "home-stays-gone" "a home that was removed is not made anew at the next sign-in",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Mutant {
        name: String,
        kind: String,
        does: String,
    }

    #[test]
    fn the_fixture_says_the_same() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../fixtures/mutants.yaml"
        );
        let text = std::fs::read_to_string(path).expect("the fixture");
        let mutants: Vec<Mutant> =
            serde_yaml::from_str(&text).expect("a list of mutants");
        let fixture: Vec<_> = mutants
            .iter()
            .map(|m| (m.name.as_str(), m.kind.as_str(), m.does.as_str()))
            .collect();
        let table: Vec<_> =
            TABLE.iter().map(|row| (row.name, row.kind, row.does)).collect();
        assert_eq!(fixture, table);
    }

    #[test]
    fn names_are_unique_and_found() {
        let names: BTreeSet<_> = TABLE.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), TABLE.len());
        for row in TABLE {
            assert_eq!(by_name(row.name), Some(row.lie));
        }
        assert_eq!(by_name("no-such-lie"), None);
    }
}
