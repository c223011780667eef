//! Parsing and matching alone: a log in pieces becomes legs, and nothing is stored.

use filo_app::Piece;
use filo_channel::{Decode, Decoded};
use filo_channel_phone::whole_lines;
use filo_domain::legs::{LegOrigin, Window};

/// Bytes of a piece, as the import reads them.
const PART: usize = 1 << 20;

/// How many legs a log has.
pub fn matched(decoder: &dyn Decode, log: &[u8]) -> usize {
    let Some(mut parts) = decoder.in_parts() else { return 0 };
    let mut window = Window::new(LegOrigin::Log);
    let mut legs = 0;
    for piece in pieces(log) {
        for unit in parts.part(&piece.bytes).into_iter().flatten() {
            if let Decoded::LegEvent(event) = unit {
                window.feed(event);
            }
        }
        legs += window.settled().legs.len();
    }
    legs + window.finish().legs.len()
}

/// The log in pieces, as a reader of its file gives it.
pub fn pieces(log: &[u8]) -> Vec<Piece> {
    let (mut rest, mut pieces) = (log, vec![]);
    while !rest.is_empty() {
        let part = rest.get(..PART).map_or(rest.len(), whole_lines);
        let (bytes, after) = rest.split_at(part);
        pieces.push(Piece { bytes: bytes.to_vec(), begins: pieces.is_empty() });
        rest = after;
    }
    pieces
}
