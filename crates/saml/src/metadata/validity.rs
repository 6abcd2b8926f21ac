//! How long metadata may be used, and kept without asking again (Metadata 2.3.1, 2.3.2, 4.3).

use clock::{Seconds, UnixTime};
use xmldoc::Element;

use crate::metadata::MetadataError;
use crate::refusal::quote;
use crate::{duration, instant};

/// What an element of metadata and those around it say of their time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// The earliest validUntil: from then on nothing of it may be believed.
    pub until: Option<UnixTime>,
    /// The shortest cacheDuration: so long it need not be asked for again.
    pub cache_duration: Option<Seconds>,
}

impl Validity {
    /// What one element says. A cacheDuration that is none is as good as left out: nothing hangs on it
    /// but when the next copy is fetched.
    ///
    /// # Errors
    /// validUntil is no date and time.
    pub(super) fn of(element: &Element) -> Result<Self, MetadataError> {
        let until = element.attribute("validUntil").map(|text| {
            instant::parse(text).ok_or_else(|| {
                let (text, name) = (quote(text), &element.name);
                MetadataError(format!("validUntil {text} of {name} is not a date and time"))
            })
        });
        let cache_duration = element.attribute("cacheDuration").and_then(duration::parse);
        Ok(Self { until: until.transpose()?, cache_duration })
    }

    /// Both: what is inside has to keep what is said outside.
    pub(super) fn within(self, outer: Self) -> Self {
        Self {
            until: earliest(self.until, outer.until),
            cache_duration: earliest(self.cache_duration, outer.cache_duration),
        }
    }

    /// May it be used at `now`? With `longest` it must say for how long, and for no longer: whoever can
    /// keep an old copy from being replaced can do so no longer than that.
    ///
    /// # Errors
    /// It is past its validUntil, or has none within `longest`.
    pub fn check(&self, now: UnixTime, longest: Option<Seconds>) -> Result<(), MetadataError> {
        let refuse = |sentence| Err(MetadataError(sentence));
        match (self.until, longest) {
            (Some(until), _) if until <= now => refuse(format!(
                "it is past its validUntil, {}: get fresh metadata from the IdP",
                instant::format(until)
            )),
            (Some(until), Some(longest)) if until - now > longest => refuse(format!(
                "its validUntil, {}, is {} seconds away, and \"metadata_max_validity\" allows {longest}",
                instant::format(until),
                until - now
            )),
            (None, Some(_)) => refuse(
                "it has no validUntil, and \"metadata_max_validity\" asks for one".to_owned(),
            ),
            _ => Ok(()),
        }
    }
}

fn earliest<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.into_iter().chain(b).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_795_260_600);

    fn until(seconds: i64) -> Validity {
        Validity { until: Some(NOW + Seconds(seconds)), cache_duration: None }
    }

    #[test]
    fn metadata_ends_with_the_second_of_its_valid_until() {
        assert_eq!(until(1).check(NOW, None), Ok(()));
        assert_eq!(Validity::default().check(NOW, None), Ok(()));
        for past in [0, -1, i64::MIN] {
            let said = until(past).check(NOW, None).unwrap_err().to_string();
            assert!(said.contains("past its validUntil"), "{said}");
        }
    }

    #[test]
    fn a_longest_time_asks_for_an_end_and_bounds_it() {
        let week = Some(Seconds(604_800));
        assert_eq!(until(604_800).check(NOW, week), Ok(()));
        let said = until(604_801).check(NOW, week).unwrap_err().to_string();
        assert!(said.contains("604801 seconds away") && said.contains("allows 604800"), "{said}");
        let said = Validity::default().check(NOW, week).unwrap_err().to_string();
        assert!(said.contains("has no validUntil"), "{said}");
        assert!(until(0).check(NOW, week).is_err());
    }
}
