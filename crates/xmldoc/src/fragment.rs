//! An element of a text, cut out with what its prefixes mean around it.
use quick_xml::NsReader;
use quick_xml::events::BytesStart;
use quick_xml::name::PrefixDeclaration;

/// An element as it is written, and what it needs of its surroundings.
pub(crate) struct Fragment<'a> {
    /// `<` and the element's name.
    name: &'a str,
    /// All after that, up to the end tag.
    rest: &'a str,
    /// Declarations around it that it does not make itself, ready to be put in.
    declarations: String,
}

impl<'a> Fragment<'a> {
    /// `xml` starts with the element's own start tag, which `reader` has just read.
    pub(crate) fn begin(
        reader: &NsReader<&[u8]>,
        tag: &BytesStart<'_>,
        xml: &'a str,
    ) -> Option<Self> {
        let own: Vec<_> =
            tag.attributes().flatten().map(|a| a.key.as_namespace_binding()).collect();
        let around =
            reader.resolver().bindings().filter(|(prefix, _)| !own.contains(&Some(*prefix)));
        // As they are written: the gate lets no quote through in them, before or, of what encloses
        // members, afterwards.
        let declarations = around.map(|(prefix, uri)| match prefix {
            PrefixDeclaration::Default => format!(" xmlns=\"{}\"", uri.into_inner()),
            PrefixDeclaration::Named(prefix) => format!(" xmlns:{prefix}=\"{}\"", uri.into_inner()),
        });
        let declarations = declarations.collect();
        let (name, rest) = xml.split_at_checked(1 + tag.name().as_ref().len())?;
        Some(Self { name, rest, declarations })
    }

    /// Cuts off what follows the element of this length in bytes.
    pub(crate) fn until(self, length: usize) -> Option<Self> {
        let rest = self.rest.get(..length.checked_sub(self.name.len())?)?;
        Some(Self { rest, ..self })
    }

    /// The element as a document of its own.
    pub(crate) fn standalone(&self) -> String {
        [self.name, &self.declarations, self.rest].concat()
    }
}

/// Where the reader stands, in bytes.
pub(crate) fn position(reader: &NsReader<&[u8]>) -> Option<usize> {
    usize::try_from(reader.buffer_position()).ok()
}
