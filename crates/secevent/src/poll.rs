//! Delivery by poll (RFC 8936): what the receiver of tokens says, and what the transmitter answers.

use serde_json::{Map, Value, json};

/// What has become of tokens that came before, for their transmitter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollReport {
    /// The names of those that need not come again.
    pub acknowledged: Vec<String>,
    /// Those that were refused, and need not come again either.
    pub refused: Vec<RefusedToken>,
}

/// A token that was refused (RFC 8936 2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedToken {
    /// Its name.
    pub id: String,
    /// Why, as RFC 8935 2.4 calls it.
    pub error: &'static str,
    /// Why, for people.
    pub description: &'static str,
}

impl PollReport {
    /// Is there nothing to say?
    pub fn is_empty(&self) -> bool {
        self.acknowledged.is_empty() && self.refused.is_empty()
    }

    /// The body of a request that says it, and wants `most` tokens, those that are there by now (RFC 8936 2.2).
    pub fn request(&self, most: usize) -> String {
        let mut request = Map::new();
        request.insert("maxEvents".to_owned(), json!(most));
        request.insert("returnImmediately".to_owned(), json!(true));
        if !self.acknowledged.is_empty() {
            request.insert("ack".to_owned(), json!(self.acknowledged));
        }
        if !self.refused.is_empty() {
            let said = self.refused.iter().map(|RefusedToken { id, error, description }| {
                (id.clone(), json!({ "err": error, "description": description }))
            });
            request.insert("setErrs".to_owned(), Value::Object(said.collect()));
        }
        Value::Object(request).to_string()
    }
}

/// What a transmitter answers (RFC 8936 2.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollAnswer {
    /// The tokens, by the names under which they came.
    pub tokens: Vec<(String, String)>,
    /// There are more.
    pub more: bool,
}

impl PollAnswer {
    /// Reads the answer. Of more than `most` tokens those behind the first are left: they come again. What is no
    /// text is an empty one, which is no token.
    ///
    /// # Errors
    /// What RFC 8936 wants is not there, or of another form: the end of a sentence.
    pub fn read(answer: Map<String, Value>, most: usize) -> Result<Self, String> {
        let mut more = match answer.get("moreAvailable") {
            None => false,
            Some(Value::Bool(more)) => *more,
            Some(_) => return Err("its \"moreAvailable\" is not true or false".to_owned()),
        };
        let mut answer = answer;
        let Some(Value::Object(sets)) = answer.remove("sets") else {
            return Err("it has no \"sets\"".to_owned());
        };
        more |= sets.len() > most;
        let text = |value| match value {
            Value::String(token) => token,
            _ => String::new(),
        };
        let tokens = sets.into_iter().take(most).map(|(id, value)| (id, text(value))).collect();
        Ok(Self { tokens, more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answer: Value) -> Result<PollAnswer, String> {
        let Value::Object(answer) = answer else { panic!() };
        PollAnswer::read(answer, 2)
    }

    #[test]
    fn a_report_is_said_as_rfc_8936_has_it() {
        let nothing = PollReport::default();
        assert!(nothing.is_empty());
        assert_eq!(nothing.request(16), r#"{"maxEvents":16,"returnImmediately":true}"#);
        let refused = RefusedToken {
            id: "4d3559ec67504aaba65d40b0363faad8\"".to_owned(),
            error: "invalid_key",
            description: "No.",
        };
        let report = PollReport { acknowledged: vec!["a".to_owned()], refused: vec![refused] };
        assert!(!report.is_empty());
        let said: Value = serde_json::from_str(&report.request(0)).unwrap();
        let expected = json!({
            "maxEvents": 0, "returnImmediately": true, "ack": ["a"],
            "setErrs": { "4d3559ec67504aaba65d40b0363faad8\"":
                { "err": "invalid_key", "description": "No." } },
        });
        assert_eq!(said, expected);
    }

    #[test]
    fn an_answer_brings_tokens_by_their_names() {
        let answer = read(json!({ "sets": { "a": "x.y.z" }, "moreAvailable": true, "other": 1 }));
        let tokens = vec![("a".to_owned(), "x.y.z".to_owned())];
        assert_eq!(answer, Ok(PollAnswer { tokens, more: true }));
        assert_eq!(read(json!({ "sets": {} })), Ok(PollAnswer::default()));
    }

    #[test]
    fn what_is_no_text_is_no_token() {
        for wrong in [json!(null), json!(1), json!({}), json!(["x.y.z"])] {
            let answer = read(json!({ "sets": { "a": wrong } })).unwrap();
            assert_eq!(answer.tokens, [("a".to_owned(), String::new())]);
        }
    }

    #[test]
    fn of_too_many_the_first_are_taken_and_the_others_come_again() {
        let answer = read(json!({ "sets": { "a": "1", "b": "2", "c": "3" } })).unwrap();
        assert_eq!((answer.tokens.len(), answer.more), (2, true));
        let Value::Object(all) = json!({ "sets": { "a": "1" } }) else { panic!() };
        let none = PollAnswer::read(all, 0).unwrap();
        assert_eq!((none.tokens.len(), none.more), (0, true));
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for wrong in [
            json!({}),
            json!({ "sets": [] }),
            json!({ "sets": null }),
            json!({ "sets": "a" }),
            json!({ "sets": {}, "moreAvailable": "true" }),
            json!({ "sets": {}, "moreAvailable": null }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
