//! An SP at work, with what nginx lends it.

use crate::event::Resource;

/// An IdP, which is asked for logouts by SOAP over nginx's connections.
pub type Idp = ::sp::Idp<Resource>;

/// The IdPs of an SP.
pub type Idps = ::sp::Idps<Resource>;
