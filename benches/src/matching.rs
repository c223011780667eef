//! Parsing and matching alone: a log in pieces becomes legs, and nothing is stored.

use filo_app::Piece;
use filo_channel::{Decode, Decoded};
use filo_channel_phone::whole_lines;
use filo_domain::legs::{LegOrigin, Window};

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

/// The log in pieces, one after the other, as a reader of its file gives them.
pub fn pieces(log: impl AsRef<[u8]>) -> impl Iterator<Item = Piece> {
    let mut read = 0;
    std::iter::from_fn(move || {
        let rest = log.as_ref().get(read..)?;
        let bytes = rest.get(..rest.get(..Piece::BYTES).map_or(rest.len(), whole_lines))?.to_vec();
        let begins = read == 0;
        read += bytes.len();
        (!bytes.is_empty()).then_some(Piece { bytes, begins })
    })
}
