//! Logs that grow, are rotated and cut off under their reader, in real files.

use std::io::Write;

use filo_channel_phone::QueueLog;
use filo_domain::CityZone;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

/// A log and the lines written to it so far.
struct Log {
    folder: TempDir,
    written: u32,
    rotated: u32,
}

impl Log {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), written: 0, rotated: 0 }
    }
    fn path(&self) -> PathBuf {
        self.folder.path().join("queue_log")
    }
    fn append(&self, text: &str) {
        let mut file = File::options().append(true).create(true).open(self.path()).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
    /// A line that is like no other.
    fn line(&mut self) {
        self.written += 1;
        self.append(&line(self.written));
    }
    fn rotate(&mut self) {
        self.rotated += 1;
        let old = self.folder.path().join(format!("queue_log.{:04}", self.rotated));
        if self.path().exists() {
            fs::rename(self.path(), &old).unwrap();
            // Files of one test are made within the clock's tick.
            let at =
                SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000 + u64::from(self.rotated));
            File::options().append(true).open(&old).unwrap().set_modified(at).unwrap();
        }
    }
    fn truncate(&self) {
        fs::write(self.path(), "").unwrap();
    }
}

fn line(number: u32) -> String {
    format!("1790000000|call-{number}|tributi|NONE|ENTERQUEUE||+39333000{number:04}|1\n")
}

fn decoder() -> QueueLog {
    QueueLog { zone: CityZone::parse("Europe/Rome").unwrap(), ivr_event: None }
}

/// Everything that a tail reads until it finds nothing more, by call.
fn drain(tail: &mut Tail<'_>) -> Vec<u32> {
    let (mut calls, mut looks) = (vec![], 0);
    while looks < 3 {
        match tail.read().unwrap() {
            Some(units) => calls.extend(units.into_iter().map(|unit| call(unit.unwrap()))),
            None => looks += 1,
        }
    }
    calls
}

fn call(unit: Decoded) -> u32 {
    let Decoded::LegEvent(event) = unit else { panic!("an event") };
    event.call_id.strip_prefix("call-").unwrap().parse().unwrap()
}

#[test]
fn a_log_is_read_on_through_rotation_and_its_last_line_waits_for_its_end() {
    let (mut log, decoder) = (Log::new(), decoder());
    let (mut tail, _) = Tail::resume(log.path(), &decoder, None);
    assert_eq!(drain(&mut tail), Vec::<u32>::new());
    log.line();
    log.append("1790000001|call-2|trib");
    assert_eq!(drain(&mut tail), [1]);
    log.append("uti|NONE|ENTERQUEUE||+393330000002|1\n");
    log.written = 2;
    log.line();
    log.rotate();
    assert_eq!(drain(&mut tail), [2, 3]);
    log.line();
    log.line();
    assert_eq!(drain(&mut tail), [4, 5]);
}

#[test]
fn a_log_cut_off_under_its_reader_is_read_from_its_start() {
    let (mut log, decoder) = (Log::new(), decoder());
    let (mut tail, _) = Tail::resume(log.path(), &decoder, None);
    (0..5).for_each(|_| log.line());
    assert_eq!(drain(&mut tail), [1, 2, 3, 4, 5]);
    log.truncate();
    log.line();
    assert_eq!(drain(&mut tail), [6]);
    // Longer at once than it was: only its beginning tells.
    log.truncate();
    (0..9).for_each(|_| log.line());
    assert_eq!(drain(&mut tail), (7..=15).collect::<Vec<_>>());
}

#[test]
fn a_file_that_is_gone_is_told_and_the_log_read_from_its_start() {
    let (mut log, decoder) = (Log::new(), decoder());
    log.line();
    let (mut tail, _) = Tail::resume(log.path(), &decoder, None);
    drain(&mut tail);
    let left = tail.place();
    fs::remove_file(log.path()).unwrap();
    log.line();
    let (mut tail, missing) = Tail::resume(log.path(), &decoder, left.as_ref());
    assert!(missing.unwrap().contains("imported by hand"));
    assert_eq!(drain(&mut tail), [2]);
}

/// What happens to a log and to who follows it.
#[derive(Clone, Copy, Debug)]
enum Step {
    Line,
    Rotate,
    Look,
    Restart,
}

proptest! {
    #[test]
    fn no_line_is_lost_or_read_twice_however_often_log_and_reader_start_anew(
        steps in prop::collection::vec(prop_oneof![4 => Just(Step::Line), 1 => Just(Step::Rotate),
            2 => Just(Step::Look), 1 => Just(Step::Restart)], 0..40)
    ) {
        let (mut log, decoder) = (Log::new(), decoder());
        log.line();
        let (mut tail, _) = Tail::resume(log.path(), &decoder, None);
        let mut read = drain(&mut tail);
        for step in steps {
            match step {
                Step::Line => log.line(),
                Step::Rotate => log.rotate(),
                Step::Look => read.extend(drain(&mut tail)),
                Step::Restart => {
                    let left = tail.place();
                    let (again, missing) = Tail::resume(log.path(), &decoder, left.as_ref());
                    prop_assert_eq!(missing, None);
                    tail = again;
                }
            }
        }
        log.line();
        read.extend(drain(&mut tail));
        prop_assert_eq!(read, (1..=log.written).collect::<Vec<_>>());
    }
}
