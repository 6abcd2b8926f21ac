//! Single logout (Core 3.7, Profiles 4.4): LogoutRequest and LogoutResponse, taken and made.

mod delivery;
mod encrypted_id;
mod opened;
mod outgoing_request;
mod outgoing_response;
mod request;
mod response;

pub use self::delivery::Delivery;
pub use self::outgoing_request::OutgoingLogoutRequest;
pub use self::outgoing_response::{LogoutStatus, OutgoingLogoutResponse};
pub use self::request::{
    LIFETIME_MOST, LIFETIME_WITHOUT_END, LogoutRequest, ReceivedLogoutRequest, SESSION_INDEXES_MOST,
};
pub use self::response::{AGE_MOST, LogoutOutcome, ReceivedLogoutResponse};

#[cfg(test)]
mod tests;
