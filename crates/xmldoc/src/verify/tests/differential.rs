//! xmlsec1 judges with us: it signs, both verify, and what both digested must be the same bytes. It is
//! our second verifier, too: what it says of the message it must say of what we make of that for it.
use std::path::Path;

use super::*;
use crate::gate;
use crate::outline::DSIG;
use crate::outline::Node;
use crate::reader::Outside;

const LAX: SignaturePolicy = SignaturePolicy { allow_sha1: true, allow_rsa1024: true };

/// Documents, `{}` where the signature of what has the ID `_1` goes.
const DOCUMENTS: &[&str] = &[
    "<r ID='_1'>{}</r>",
    "<p:r xmlns:p='urn:p' ID='_1'><p:i/>{}<p:x>t</p:x></p:r>",
    "<r xmlns='urn:p' ID='_1'>before{}after<x/>\n</r>",
    // Declared outside; used, not used, used further in only, declared again.
    "<w xmlns='urn:w' xmlns:a='urn:a' xmlns:b='urn:b'><r ID='_1'>{}<a:x/><y b:z=''/></r></w>",
    "<w:w xmlns:w='urn:w' xmlns='urn:d' xmlns:a='urn:a'><w:r ID='_1'><a:x/>{}</w:r></w:w>",
    "<w xmlns:a='urn:1'><a:r ID='_1' xmlns:a='urn:2'><a:x xmlns:a='urn:1'/>{}</a:r></w>",
    "<a:r ID='_1' xmlns:a='urn:a'>{}<a:x xmlns:a='urn:a'><b xmlns='urn:a'><a:c/></b></a:x></a:r>",
    "<r ID='_1' xmlns:xs='urn:xs' xmlns:xsi='urn:xsi'>{}<v xsi:type='xs:string'>x</v></r>",
    "<r ID='_1' xmlns='urn:1'>{}<x xmlns='urn:2'><y xmlns='urn:1'/></x></r>",
    // The default namespace undeclared: in, around, above and beside what is signed.
    "<r ID='_1' xmlns='urn:1'>{}<x xmlns=''><y/><z xmlns='urn:1'><u xmlns=''/></z></x></r>",
    "<w xmlns='urn:w'><r ID='_1' xmlns=''><x/>{}<y xmlns='urn:w'/></r></w>",
    "<w xmlns='urn:w' xmlns:a='urn:a'><a:r ID='_1' xmlns=''><x/>{}<a:y><z/></a:y></a:r></w>",
    "<w xmlns='urn:w'><v xmlns=''><r ID='_1'><x a=''/>{}</r></v></w>",
    "<r xmlns='' ID='_1'>{}<a:x xmlns:a='urn:a' xmlns='urn:1'><a:y xmlns=''><z/></a:y></a:x></r>",
    // Attributes and declarations that canonicalisation sorts.
    "<r z='1' xml:lang='de' ID='_1' b:a='2' a:b='3' a='4' xmlns:a='urn:z' xmlns:b='urn:a' \
     xmlns:c='urn:c'>{}<x c:y='' b:y='' a:y='' y=''/></r>",
    "<b:r xmlns:b='urn:b' xmlns:a='urn:a' xmlns='urn:c' ID='_1' a:x=''>{}<x a:b='' b:a=''/></b:r>",
    // Attributes of xml: outside are not inherited by exclusive canonicalisation.
    "<w xml:lang='de' xml:space='preserve'><r ID='_1' xml:base='http://x/'>{} <x/> </r></w>",
    // Comments, CDATA, references, line ends, white space, quotes.
    "<!-- a --><r ID='_1'><!-- b -->{}t<!-- c -->u<x><!----></x></r><!-- d -->",
    "<r ID='_1'>{}<x><![CDATA[<&]]>]]&gt;<![CDATA[]]>&#13;&#x1F600;\u{e9}\"'&quot;&apos;</x></r>",
    "<r ID='_1' a='&#9;&#10;&#13; \t\n&lt;&gt;&amp;&quot;&apos;' b=\"'\" c='\"'>\r\n{}\r\t\n</r>",
    "<?xml version='1.0' encoding='UTF-8'?>\n<r ID='_1'\n>{}<x ></x ><y /></r >\n",
    // Signatures in and beside the signed element.
    "<r ID='_1'>{}<a ID='_2'>{2}<x/></a></r>",
    "<w><a ID='_2'><x/>{2}</a><r ID='_1'><i/>{}<x/></r></w>",
    "<p:R xmlns:p='urn:p' ID='_1'><p:S/>{}<A xmlns='urn:a' ID='_2'><I/>{2}<p:x/></A></p:R>",
];

/// PrefixLists of SignedInfo and of the signed element; none is another thing than an empty one.
const PREFIX_LISTS: &[(Option<&str>, Option<&str>)] = &[
    (None, None),
    (None, Some("a")),
    (Some("a ds"), Some("#default b xs")),
    (Some("#default"), Some("")),
    (None, Some("xml none c a #default")),
];

/// How the signature is written: its prefix, and white space between its elements.
const STYLES: &[(&str, &str)] = &[("ds:", ""), ("", "\n  "), ("a:", "\r\n\t")];

fn template(id: &str, number: usize, algorithm: SignatureAlgorithm) -> String {
    let digests = ["xmlenc#sha256", "xmldsig-more#sha384", "xmlenc#sha512"];
    let digest = format!("http://www.w3.org/2001/04/{}", digests[number % digests.len()]);
    let (prefix, s) = STYLES[number % STYLES.len()];
    let (own, target) = PREFIX_LISTS[number % PREFIX_LISTS.len()];
    let list = |prefixes: Option<&str>| match prefixes {
        Some(prefixes) => {
            let name = "ec:InclusiveNamespaces xmlns:ec";
            format!("{s}<{name}=\"{EXC_C14N}\" PrefixList=\"{prefixes}\"/>{s}")
        }
        None => String::new(),
    };
    let xmlns = match prefix.strip_suffix(':') {
        Some(prefix) => format!("xmlns:{prefix}"),
        None => "xmlns".to_owned(),
    };
    let p = prefix;
    format!(
        "<{p}Signature {xmlns}=\"{DSIG}\">{s}<{p}SignedInfo>{s}\
         <{p}CanonicalizationMethod Algorithm=\"{EXC_C14N}\">{}</{p}CanonicalizationMethod>{s}\
         <{p}SignatureMethod Algorithm=\"{}\"/>{s}<{p}Reference URI=\"#{id}\">{s}<{p}Transforms>{s}\
         <{p}Transform Algorithm=\"{ENVELOPED}\"/>{s}\
         <{p}Transform Algorithm=\"{EXC_C14N}\">{}</{p}Transform>{s}</{p}Transforms>{s}\
         <{p}DigestMethod Algorithm=\"{digest}\"/>{s}<{p}DigestValue/>{s}</{p}Reference>{s}\
         </{p}SignedInfo>{s}<{p}SignatureValue/>{s}</{p}Signature>",
        list(own),
        algorithm.uri(),
        list(target),
    )
}

/// What we make of each element that is called Signature, in document order; `None` of a document
/// that does not get so far.
fn ours(xml: &[u8], keys: &[VerifyingKey]) -> Option<Vec<Result<Vec<u8>, VerifyError>>> {
    let (text, outline) = gate::pass(xml, &Limits::default(), &Outside::default()).ok()?;
    let verdict = |signature: Node<'_>| match signature.place.parent {
        Some(parent) if signature.namespace() == DSIG => {
            verdict(outline.node(text, parent).unwrap(), keys)
        }
        _ => Err(VerifyError::Missing),
    };
    let all = (0..outline.places.len()).filter_map(|number| outline.node(text, number));
    Some(all.filter(|node| node.name() == "Signature").map(verdict).collect())
}

fn verdict(target: Node<'_>, keys: &[VerifyingKey]) -> Result<Vec<u8>, VerifyError> {
    verify(target, keys, &LAX)?;
    let signature = signature_of(target)?;
    let id = target.attribute("ID").unwrap_or_default();
    let read = Signature::read(signature, &id, &LAX)?;
    digested(target, signature, &read.reference).map(|octets| octets.into_text().into_bytes())
}

/// Both say yes to the same bytes; or we say no, and why tells that our rules are narrower.
///
/// Gives how often both said yes.
fn agree(xml: &[u8], keys: &[VerifyingKey], theirs: &xmlsec1::Key) -> usize {
    let Some(ours) = ours(xml, keys) else { return 0 };
    let theirs = xmlsec1::digested(xml, theirs);
    let text = String::from_utf8_lossy(xml);
    assert_eq!(ours.len(), theirs.len(), "{text}");
    let mut both = 0;
    for (ours, theirs) in ours.into_iter().zip(theirs) {
        match (ours, theirs) {
            (Ok(ours), theirs) => {
                assert_eq!(Some(ours), theirs, "{text}");
                both += 1;
            }
            (Err(error), Some(_)) => {
                let of_value = [
                    "signature_invalid",
                    "digest_mismatch",
                    "signature_void",
                    "second_verifier_disagrees",
                ];
                assert!(!of_value.contains(&error.code()), "{error}: {text}");
            }
            (Err(_), None) => {}
        }
    }
    both
}

/// All documents with all styles, prefix lists and algorithms that xmlsec1 has, signed by it.
fn signed_by_xmlsec1(mut each: impl FnMut(&[u8], &[VerifyingKey], &xmlsec1::Key)) {
    let mut known = testing::every_algorithm();
    known.retain(|(_, algorithm)| testing::xmlsec1_knows(algorithm.uri()));
    let combinations = STYLES.len() * PREFIX_LISTS.len();
    let keys: Vec<_> = known
        .iter()
        .map(|(pair, _)| {
            let ours = [testing::other_rsa(), pair];
            let ours = ours.map(|pair| testing::Xmlsec1::beside(pair.verifying()));
            (ours, xmlsec1::Key::from_pem(&pair.private_pem()).unwrap())
        })
        .collect();
    for (number, document) in DOCUMENTS.iter().enumerate() {
        for combination in 0..combinations {
            let number = number * combinations + combination;
            let (_, algorithm) = known[number % known.len()];
            let (ours, theirs) = &keys[number % known.len()];
            let xml = document
                .replace("{}", &template("_1", number, algorithm))
                .replace("{2}", &template("_2", number + 1, algorithm));
            let signed = xmlsec1::sign(xml.as_bytes(), theirs).unwrap_or_else(|| panic!("{xml}"));
            each(&signed, ours, theirs);
        }
    }
}

#[test]
fn we_digest_what_xmlsec1_digests() {
    signed_by_xmlsec1(|xml, ours, theirs| {
        let signatures = xml.windows(15).filter(|w| w.ends_with(b"SignatureValue>")).count() / 2;
        assert_eq!(agree(xml, ours, theirs), signatures, "{}", String::from_utf8_lossy(xml));
    });
}

/// What gets put in: much of it changes nothing that is signed.
const CONTENT: &[&str] = &[
    "<!-- x -->",
    "<!---->",
    "<![CDATA[]]>",
    "<![CDATA[x]]>",
    "<x/>",
    "<x xmlns='urn:p'></x>",
    "<x xmlns=''></x>",
    " ",
    "\r\n",
    "&#13;",
    "&#32;",
];
const IN_TAG: &[&str] = &[
    " xmlns:q='urn:q'",
    " xmlns:a='urn:a'",
    " xmlns:ds='urn:ds'",
    " xmlns='urn:p'",
    " xmlns=''",
    " xml:space='default'",
    " Id='x'",
    " a=''",
    "\r\n\t",
];

/// A document with one or two small changes.
fn mutant(xml: &[u8], random: &mut Random) -> Vec<u8> {
    let mut xml = xml.to_vec();
    for _ in 0..=random.below(2) {
        match random.below(8) {
            0..4 => {
                let at = random.place(&xml, b'>') + 1;
                xml.splice(at..at, CONTENT[random.below(CONTENT.len())].bytes());
            }
            4 | 5 => {
                let at = random.place(&xml, b' ');
                xml.splice(at..at, IN_TAG[random.below(IN_TAG.len())].bytes());
            }
            6 => {
                let (one, other) = (random.place(&xml, b'<'), random.place(&xml, b'<'));
                let piece = xml[one.min(other)..one.max(other)].to_vec();
                let at = random.place(&xml, b'<');
                xml.splice(at..at, piece);
            }
            _ => {
                let at = random.below(xml.len());
                xml[at] = xml[at].wrapping_add(1);
            }
        }
    }
    xml
}

/// Numbers that are the same in each run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    /// Some place of `byte`.
    fn place(&mut self, xml: &[u8], byte: u8) -> usize {
        let places: Vec<_> = (0..xml.len()).filter(|at| xml[*at] == byte).collect();
        places[self.below(places.len())]
    }
}

#[test]
fn we_agree_with_xmlsec1_on_changed_documents() {
    let (mut random, mut both, mut all) = (Random(0x5eed), 0, 0);
    signed_by_xmlsec1(|xml, ours, theirs| {
        for _ in 0..10 {
            both += agree(&mutant(xml, &mut random), ours, theirs);
            all += 1;
        }
    });
    // About a fifth still verifies; were it none or all, nothing would have been compared.
    assert!(both > all / 10 && both < all / 2, "{both} of {all}");
}

#[test]
fn we_agree_with_xmlsec1_on_messages_of_idps() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let (mut random, mut both) = (Random(0x5eed), 0);
    for name in ["idp-rsa.pub", "idp-ec.pub"] {
        let pem = std::fs::read(fuzz.join("keys").join(name)).unwrap();
        let keys = [testing::Xmlsec1::beside(VerifyingKey::from_public_key_pem(&pem).unwrap())];
        let theirs = xmlsec1::Key::from_pem(&pem).unwrap();
        let seeds = std::fs::read_dir(fuzz.join("seeds/parse_verify")).unwrap();
        for seed in seeds.map(|seed| seed.unwrap().path()).filter(|path| path.is_file()) {
            let xml = std::fs::read(seed).unwrap();
            both += agree(&xml, &keys, &theirs);
            for _ in 0..100 {
                agree(&mutant(&xml, &mut random), &keys, &theirs);
            }
        }
    }
    assert!(both >= 6, "{both}");
}
