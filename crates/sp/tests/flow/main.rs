//! An SP at work, from request to request: what the endpoints answer, what browsers keep, what the store
//! has afterwards. No nginx, no network, no clock: each test says what time it is.

mod artifact;
mod artifact_answer;
mod authn_context;
mod back_button;
mod body;
mod changed_idp;
mod chosen_idp;
mod departure;
mod disabled_idp;
mod discovery;
mod discovery_service;
mod encryption;
mod first_look;
mod hints;
mod late_assertion;
mod logged_out_page;
mod login;
mod logout;
mod logout_by_soap;
mod logout_request;
mod logout_response;
mod members_page;
mod metadata;
mod notice;
mod other_sites;
mod passive;
mod renewal;
mod repeated_request;
mod replay;
mod resumption;
mod same_site;
mod sender;
mod site;
mod store_down;
mod unsolicited;
