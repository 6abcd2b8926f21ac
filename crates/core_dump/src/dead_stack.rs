//! The stack below what is in use: functions that have returned leave what they worked with there.

use std::hint::black_box;
use std::mem::MaybeUninit;

/// Bytes that memset writes by vector registers; of more, some have the processor's slow start.
const PIECE: usize = 2 << 10;

/// Overwrites the stack below the caller: so many times 2 KiB.
#[inline(never)]
pub fn clear_stack<const PIECES: usize>() {
    let mut room = [const { MaybeUninit::<[u8; PIECE]>::uninit() }; PIECES];
    for piece in &mut room {
        piece.write([0; PIECE]);
        // As if somebody read it, or the writing would be left out.
        black_box(piece);
    }
}
