//! How much of a `Cookie` header the logins of one browser may take.

use std::cmp::Reverse;

use clock::UnixTime;

/// Bytes of all cookies of logins together: nginx reads 8 KiB of header lines by default, and the
/// application has cookies of its own.
const MOST: usize = 3 * 1024;

/// The cookie of one login, as a browser sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginCookie {
    /// Bytes of name and value.
    pub len: usize,
    /// What decides first which cookie goes.
    pub state: LoginState,
}

/// What a login's cookie is still good for, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoginState {
    /// It does not open any more.
    Unreadable,
    /// It took too long.
    Expired {
        /// When the login began.
        issued: UnixTime,
    },
    /// It has been answered: the Back button alone needs it.
    Answered {
        /// When the login began.
        issued: UnixTime,
    },
    /// It is under way.
    Waiting {
        /// When the login began.
        issued: UnixTime,
    },
}

/// Which of the cookies must go so that a new one of `len` bytes has room beside them and beside
/// `others` bytes of cookies that are not ours to remove: the least good and then the oldest first. The
/// new one comes in any case.
pub fn surplus(cookies: &[LoginCookie], len: usize, others: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..cookies.len()).collect();
    // Browsers send the older ones first (RFC 6265 5.4), which tells those of one second apart.
    places.sort_by_key(|place| {
        (cookies.get(*place).map(|cookie| Reverse(cookie.state)), Reverse(*place))
    });
    let mut room = MOST.saturating_sub(on_the_wire(len)).saturating_sub(others);
    let keep = places.iter().position(|place| {
        let needed = cookies.get(*place).map_or(0, |cookie| on_the_wire(cookie.len));
        let fits = needed <= room;
        room = room.saturating_sub(needed);
        !fits
    });
    places.split_off(keep.unwrap_or(places.len()))
}

/// With `=` and `; `.
pub fn on_the_wire(name_and_value: usize) -> usize {
    name_and_value.saturating_add(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::at;

    fn waiting(len: usize, issued: UnixTime) -> LoginCookie {
        LoginCookie { len, state: LoginState::Waiting { issued } }
    }

    #[test]
    fn as_many_as_fit_stay() {
        let cookies: Vec<_> = (0..19).map(|n| waiting(150, at(n))).collect();
        assert!(surplus(&cookies, 150, 0).is_empty(), "twenty in all");
        assert_eq!(surplus(&cookies, 250, 0), [0], "the oldest goes");
        assert_eq!(surplus(&cookies, 400, 0), [1, 0]);
    }

    #[test]
    fn the_least_good_go_first_and_the_oldest_of_them() {
        let state = |state| LoginCookie { len: 997, state };
        let cookies = [
            state(LoginState::Answered { issued: at(5) }),
            state(LoginState::Waiting { issued: at(1) }),
            state(LoginState::Unreadable),
            state(LoginState::Answered { issued: at(9) }),
            state(LoginState::Expired { issued: at(0) }),
        ];
        assert_eq!(surplus(&cookies, 997, 0), [0, 4, 2], "two beside the new one");
        assert_eq!(surplus(&cookies, 1997, 0), [3, 0, 4, 2], "one");
        assert_eq!(surplus(&cookies, 4000, 0), [1, 3, 0, 4, 2], "none");
    }

    #[test]
    fn of_one_second_the_first_goes() {
        assert_eq!(surplus(&[waiting(997, at(1)); 4], 997, 0), [1, 0]);
    }

    #[test]
    fn what_is_not_ours_counts_too() {
        let cookies = [waiting(997, at(1)), waiting(997, at(2))];
        assert!(surplus(&cookies, 997, 0).is_empty());
        assert_eq!(surplus(&cookies, 997, 1000), [0]);
        assert_eq!(surplus(&cookies, 997, usize::MAX), [1, 0]);
    }
}
