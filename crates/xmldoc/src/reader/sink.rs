//! Who is told what the reader finds.
use super::StartTag;

/// Takes what the reader finds, in document order.
pub(crate) trait Sink<'a> {
    fn open(&mut self, tag: &StartTag<'a, '_>);
    /// Character data, in pieces; line ends are LF.
    fn text(&mut self, text: &str);
    /// A comment in the root element, as it is written.
    fn comment(&mut self, _text: &'a str) {}
    /// The innermost open element ends just before the byte `end`.
    fn close(&mut self, end: usize);
}

/// Takes nothing.
impl<'a> Sink<'a> for () {
    fn open(&mut self, _: &StartTag<'a, '_>) {}
    fn text(&mut self, _: &str) {}
    fn close(&mut self, _: usize) {}
}

impl<'a, S: Sink<'a>> Sink<'a> for &mut S {
    fn open(&mut self, tag: &StartTag<'a, '_>) {
        (**self).open(tag);
    }

    fn text(&mut self, text: &str) {
        (**self).text(text);
    }

    fn comment(&mut self, text: &'a str) {
        (**self).comment(text);
    }

    fn close(&mut self, end: usize) {
        (**self).close(end);
    }
}

/// Both take everything.
impl<'a, A: Sink<'a>, B: Sink<'a>> Sink<'a> for (A, B) {
    fn open(&mut self, tag: &StartTag<'a, '_>) {
        self.0.open(tag);
        self.1.open(tag);
    }

    fn text(&mut self, text: &str) {
        self.0.text(text);
        self.1.text(text);
    }

    fn comment(&mut self, text: &'a str) {
        self.0.comment(text);
        self.1.comment(text);
    }

    fn close(&mut self, end: usize) {
        self.0.close(end);
        self.1.close(end);
    }
}
