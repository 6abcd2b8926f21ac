//! Where EncryptedKeys stand, and what an encrypted element may look like.
use super::*;

fn holder(content: &str) -> String {
    format!("<a:EncryptedAssertion>{content}</a:EncryptedAssertion>")
}

/// The code for a signed Response with this EncryptedAssertion.
fn opened(holder: &str) -> &'static str {
    code(open_signed(&signed(&response(holder)), NONE))
}

fn retrieval(attributes: &str) -> String {
    format!("<k:RetrievalMethod xmlns:k=\"{DSIG}\" {attributes}/>")
}

#[test]
fn the_key_stands_inside_or_beside() {
    let sealing = Sealing::new(GCM, testing::other_rsa());
    let ciphertext = encrypt(GCM, &sealing.key, assertion().as_bytes());
    let data = |key_info: &str| sealing.encrypted_data(&ciphertext, key_info);
    let key = sealing.encrypted_key(" Id=\"k1\" Recipient=\"sp\"");
    // As good as nothing: for another recipient.
    let theirs = Sealing::new(GCM, testing::rsa()).encrypted_key(" Id=\"k2\"");
    let unknown = theirs.replace("rsa-oaep-mgf1p", "kw-aes128").replace("k2", "k3");
    let empty = format!("<k:KeyInfo xmlns:k=\"{DSIG}\"></k:KeyInfo>");
    assert!(data("").contains(&empty));
    let type_ = format!("Type=\"{XENC}EncryptedKey\"");
    for (content, expected) in [
        (data(&key), "good"),
        (data(&format!("<k:KeyName>n</k:KeyName>{theirs}{unknown}{key}")), "good"),
        (data("") + &key, "good"),
        (data("").replace(&empty, "") + &theirs + &key, "good"),
        (data(&theirs) + &key, "good"),
        (data(&retrieval("URI=\"#k1\"")) + &key, "good"),
        (key.clone() + &data(&retrieval(&format!("URI=\"#k1\" {type_}"))) + &theirs, "good"),
        (data(&(retrieval("URI=\"#k2\"") + &retrieval("URI=\"#k1\""))) + &theirs + &key, "good"),
        (data(&retrieval("URI=\"#k2\"")) + &theirs + &key, "decryption_failed"),
        (data(&theirs), "decryption_failed"),
        (data(""), "encryption_structure"),
        (data(&unknown), "encryption_algorithm"),
        (data(&retrieval("URI=\"#k4\"")) + &key, "encryption_structure"),
        (data(&retrieval("URI=\"https://evil.example/#k1\"")) + &key, "encryption_structure"),
        (data(&retrieval("URI=\"#\"")) + &key, "encryption_structure"),
        (data(&retrieval("")) + &key, "encryption_structure"),
        (data(&retrieval("URI=\"#k1\" Type=\"urn:x\"")) + &key, "encryption_structure"),
        (data(&retrieval("URI=\"#xpointer(id('k1'))\"")) + &key, "encryption_structure"),
        (data(&key) + &data(&key.replace("k1", "k5")), "encryption_structure"),
        (data(&key) + "<a:Assertion/>", "encryption_structure"),
        (key.clone(), "encryption_structure"),
        (String::new(), "encryption_structure"),
    ] {
        assert_eq!(opened(&holder(&content)), expected, "{content}");
    }
    // A reference never leaves its own encrypted element.
    let elsewhere = response(&(key.clone() + &holder(&data(&retrieval("URI=\"#k1\"")))));
    assert_eq!(code(open_signed(&signed(&elsewhere), NONE)), "encryption_structure");
    let transformed =
        retrieval("URI=\"#k1\"").replace("/>", "><k:Transforms/></k:RetrievalMethod>");
    assert_eq!(opened(&holder(&(data(&transformed) + &key))), "encryption_structure");
}

#[test]
fn refuses_what_is_none_of_the_shapes() {
    let sealing = Sealing::new(GCM, testing::other_rsa());
    let good = sealing.seal("EncryptedAssertion", &assertion());
    assert_eq!(opened(&good), "good");
    let method = format!("<x:EncryptionMethod Algorithm=\"{}\"/>", GCM.uri());
    let reference = "<x:CipherData><x:CipherReference URI=\"https://evil.example/\"/>";
    for (from, to, expected) in [
        (" Type=\"http://www.w3.org/2001/04/xmlenc#Element\"", "", "good"),
        ("xmlenc#Element", "xmlenc#Content", "encryption_structure"),
        ("aes128-gcm", "aes128-ccm", "encryption_algorithm"),
        ("rsa-oaep-mgf1p", "rsa-oaep-mgf2p", "encryption_algorithm"),
        (&method, "", "encryption_structure"),
        (&method, &(method.clone() + &method), "encryption_structure"),
        (OAEP, "", "encryption_structure"),
        ("<x:CipherData><x:CipherValue>", reference, "encryption_structure"),
        ("<x:CipherValue>", "<x:CipherValue>*", "encryption_structure"),
        ("<x:CipherValue>", "<x:CipherValue><b/>", "encryption_structure"),
        ("<x:CipherValue>", "<x:CipherValue>\r\n\t <!-- x -->", "good"),
    ] {
        assert!(good.contains(from), "{from}");
        let mut changed = good.replacen(from, to, 1);
        changed = changed.replacen(
            "CipherReference URI=\"https://evil.example/\"/>",
            "CipherReference URI=\"https://evil.example/\"/><x:CipherValue>",
            1,
        );
        assert_eq!(opened(&changed), expected, "{from} -> {to}");
    }
    let parameter = |xml: &str| {
        good.replacen(OAEP, &OAEP.replace("/>", &format!(">{xml}</x:EncryptionMethod>")), 1)
    };
    let digest = |uri: &str| format!("<k:DigestMethod xmlns:k=\"{DSIG}\" Algorithm=\"{uri}\"/>");
    let sha1 = digest("http://www.w3.org/2000/09/xmldsig#sha1");
    assert_eq!(opened(&parameter(&sha1)), "good");
    assert_eq!(opened(&parameter(&sha1.repeat(2))), "encryption_structure");
    assert_eq!(opened(&parameter(&digest("urn:md5"))), "encryption_algorithm");
    let mgf = "<e:MGF xmlns:e=\"http://www.w3.org/2009/xmlenc11#\" \
               Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"/>";
    assert_eq!(opened(&parameter(mgf)), "encryption_structure");
    assert_eq!(opened(&parameter("<x:OAEPparams>!</x:OAEPparams>")), "encryption_structure");
}

#[test]
fn only_one_encrypted_assertion_is_opened() {
    let one = seal(GCM, &signed(&assertion()));
    assert_eq!(code(open_unsigned(&response(&one.repeat(2)), NONE)), "encryption_structure");
    assert_eq!(code(open_unsigned(&response(""), NONE)), "encryption_structure");
    let with = Decryption {
        keys: &[],
        sp: "urn:sp",
        policy: NONE,
        limits: &Limits::default(),
        plaintexts: None,
    };
    assert_eq!(code(verified(&signed(&response(""))).decrypt(&with)), "encryption_structure");
}

#[test]
fn base64_comes_wrapped_as_it_may() {
    let sealing = Sealing::new(GCM, testing::other_rsa());
    let ciphertext = base64(&encrypt(GCM, &sealing.key, assertion().as_bytes()));
    let line = |separator: &str| {
        let lines: Vec<_> =
            ciphertext.as_bytes().chunks(76).map(|l| std::str::from_utf8(l).unwrap()).collect();
        lines.join(separator)
    };
    for separator in ["\n", "\r\n", "&#13;\n", " ", "\t\n    "] {
        let value = line(separator);
        let data = sealing.encrypted_data(&[], &sealing.encrypted_key(""));
        let data = data.replace(
            "<x:CipherValue></x:CipherValue>",
            &format!("<x:CipherValue>{value}</x:CipherValue>"),
        );
        assert_eq!(opened(&holder(&data)), "good", "{separator:?}");
    }
}

/// The Assertion as it stands in a document that has declared `a` further out.
fn undeclared() -> String {
    assertion().replace(&format!(" xmlns:a=\"{A}\""), "")
}

#[test]
fn prefixes_bound_outside_mean_what_they_mean_there() {
    assert_eq!(opened(&seal(GCM, &undeclared())), "good");
    // Encrypted after signing, without the declarations that the signature was made under.
    let inner = signed(&assertion()).replace(&format!(" xmlns:a=\"{A}\""), "");
    assert!(!inner.contains(A));
    let (element, _) = open_unsigned(&response(&seal(GCM, &inner)), NONE).unwrap();
    assert_eq!(name_id(&element), "jo");
    for before in ["", "\u{FEFF}", "<?xml version=\"1.0\"?>\n", "<!-- <b> -->\n"] {
        assert_eq!(opened(&seal(GCM, &format!("{before}{}", undeclared()))), "good", "{before}");
    }
    assert_eq!(opened(&seal(GCM, &undeclared().replace("a:", "q:"))), "decryption_failed");
}

#[test]
fn the_default_namespace_is_the_one_around_encrypted_data() {
    let plain = assertion().replace("a:", "").replace("xmlns:a", "xmlns");
    let inner =
        plain.replace(&format!(" xmlns=\"{A}\""), "").replace(&format!(" xmlns:a=\"{A}\""), "");
    let xml = seal(GCM, &inner)
        .replace("<a:EncryptedAssertion", &format!("<EncryptedAssertion xmlns=\"{A}\""))
        .replace("</a:EncryptedAssertion", "</EncryptedAssertion");
    assert_eq!(opened(&xml), "good");
    assert_eq!(opened(&seal(GCM, &inner)), "decryption_failed");
}

#[test]
fn a_default_namespace_undeclared_around_the_ciphertext_is_none_inside() {
    let plain = assertion()
        .replace("<a:NameID>", "<x><a:NameID>")
        .replace("</a:NameID>", "</a:NameID></x>");
    for (around, expected) in [("", ""), (" xmlns=''", ""), (" xmlns='urn:x'", "urn:x")] {
        let holder = seal(GCM, &plain)
            .replace("<a:EncryptedAssertion", &format!("<a:EncryptedAssertion{around}"));
        let xml = response(&holder).replace(" ID=", " xmlns='urn:x' ID=");
        let xml = if around.is_empty() { xml.replace(" xmlns='urn:x'", "") } else { xml };
        let limits = Limits::default();
        let keys = [key_of(testing::other_rsa())];
        let with = Decryption {
            keys: &keys,
            sp: "urn:sp",
            policy: ALL,
            limits: &limits,
            plaintexts: None,
        };
        let document = Document::parse(xml.as_bytes(), &limits).unwrap();
        let child = document.copy_only_child(A, "EncryptedAssertion").unwrap();
        let opened = with.open(&child, Coverage::Signed).unwrap().document.trusted_root();
        let subject = opened.child(A, "Subject").unwrap();
        assert!(subject.child(expected, "x").is_some(), "{around}");
    }
}

#[test]
fn under_a_signature_only_signed_declarations_count() {
    let plaintext = undeclared().replace("<a:NameID>", "<a:NameID z:b='1'>");
    let response = |declared: &str| {
        response(&seal(GCM, &plaintext)).replace(" ID=", &format!(" {declared} ID="))
    };
    // Exclusive c14n leaves out what the signed bytes do not use.
    let outside = response("xmlns:z=\"urn:z\"");
    assert_eq!(code(open_signed(&signed(&outside), NONE)), "decryption_failed");
    let used = response("xmlns:z=\"urn:z\" z:u=\"\"");
    let element = open_signed(&signed(&used), NONE).unwrap().into_element();
    let name_id = element.child(A, "Subject").unwrap().child(A, "NameID").unwrap();
    assert_eq!(name_id.attribute_ns("urn:z", "b"), Some("1"));
}

#[test]
fn xsi_needs_no_declaration() {
    let xml = undeclared().replace("<a:NameID>", "<a:NameID xsi:nil='0'>");
    let element = open_signed(&signed(&response(&seal(GCM, &xml))), NONE).unwrap().into_element();
    let name_id = element.child(A, "Subject").unwrap().child(A, "NameID").unwrap();
    let xsi = "http://www.w3.org/2001/XMLSchema-instance";
    assert_eq!(name_id.attribute_ns(xsi, "nil"), Some("0"));
}
