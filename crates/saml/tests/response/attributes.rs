use identity::Attribute;

use crate::answer::*;

const OWN: &str = r#"<saml:Attribute Name="mail" FriendlyName="email"><saml:AttributeValue>alice@example.org</saml:AttributeValue></saml:Attribute>"#;

fn with(attributes: &str) -> Answer {
    Answer::new().assertion(OWN, attributes)
}

fn read(attributes: &str) -> Vec<Attribute> {
    with(attributes).login().attributes
}

fn attribute(name: &str, friendly_name: Option<&str>, values: &[&str]) -> Attribute {
    Attribute {
        name: name.to_owned(),
        friendly_name: friendly_name.map(str::to_owned),
        values: values.iter().map(|&value| value.to_owned()).collect(),
    }
}

#[test]
fn values_keep_their_order_and_text() {
    let attributes = read(
        r#"<saml:Attribute Name="groups"><saml:AttributeValue>b</saml:AttributeValue><saml:AttributeValue>a, &lt;c&gt;</saml:AttributeValue><saml:AttributeValue> a </saml:AttributeValue></saml:Attribute><saml:Attribute Name="x"><saml:AttributeValue>1</saml:AttributeValue></saml:Attribute>"#,
    );
    assert_eq!(
        attributes,
        [attribute("groups", None, &["b", "a, <c>", "a"]), attribute("x", None, &["1"])]
    );
}

#[test]
fn white_space_around_a_value_is_no_part_of_it() {
    let attributes = read(
        "<saml:Attribute Name=\"x\"><saml:AttributeValue>\n  admin  user&#10;\t</saml:AttributeValue>\
         <saml:AttributeValue> \n</saml:AttributeValue>\
         <saml:AttributeValue>\u{a0}admin\u{200b}</saml:AttributeValue></saml:Attribute>",
    );
    assert_eq!(attributes, [attribute("x", None, &["admin  user", "", "\u{a0}admin\u{200b}"])]);
}

#[test]
fn one_name_is_one_attribute() {
    let attributes = read(
        r#"<saml:Attribute Name="groups"><saml:AttributeValue>a</saml:AttributeValue></saml:Attribute><saml:Attribute Name="mail"><saml:AttributeValue>m</saml:AttributeValue></saml:Attribute></saml:AttributeStatement><saml:AttributeStatement><saml:Attribute Name="groups" FriendlyName="Groups" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:basic"><saml:AttributeValue>b</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups" FriendlyName="Other"/>"#,
    );
    assert_eq!(
        attributes,
        [attribute("groups", Some("Groups"), &["a", "b"]), attribute("mail", None, &["m"])]
    );
}

#[test]
fn nil_is_no_value_and_empty_is_one() {
    let attributes = read(
        r#"<saml:Attribute Name="x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><saml:AttributeValue xsi:nil="true"/><saml:AttributeValue xsi:nil="1"/><saml:AttributeValue xsi:nil="false">v</saml:AttributeValue><saml:AttributeValue/></saml:Attribute><saml:Attribute Name="none"/>"#,
    );
    assert_eq!(attributes, [attribute("x", None, &["v", ""]), attribute("none", None, &[])]);
}

#[test]
fn a_nested_name_id_is_its_text() {
    let attributes = read(
        r#"<saml:Attribute Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.10"><saml:AttributeValue>
            <saml:NameID NameQualifier="x">abc</saml:NameID>
        </saml:AttributeValue></saml:Attribute>"#,
    );
    assert_eq!(attributes, [attribute("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", None, &["abc"])]);
}

#[test]
fn a_comment_never_splits_a_value() {
    let answer = with(
        r#"<saml:Attribute Name="x"><saml:AttributeValue>admin<!-- -->istrator</saml:AttributeValue></saml:Attribute>"#,
    );
    assert_eq!(answer.login().attributes, [attribute("x", None, &["administrator"])]);
}

#[test]
fn typed_values_are_text() {
    let attributes = read(
        r#"<saml:Attribute Name="x"><saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">v</saml:AttributeValue></saml:Attribute>"#,
    );
    assert_eq!(attributes, [attribute("x", None, &["v"])]);
}

#[test]
fn no_attributes_are_fine() {
    assert_eq!(read(""), []);
    let statement = format!("<saml:AttributeStatement>\n    {OWN}\n  </saml:AttributeStatement>");
    assert_eq!(Answer::new().assertion(&statement, "").login().attributes, []);
}

#[test]
fn an_attribute_has_a_name() {
    assert_eq!(with("<saml:Attribute/>").code(), "structure");
    assert_eq!(with("<saml:Attribute Name=\"\"/>").code(), "structure");
}

#[test]
fn a_thousand_attributes_are_read() {
    let many: String = (0..1000)
        .map(|i| {
            format!(r#"<saml:Attribute Name="a{i}"><saml:AttributeValue>{i}</saml:AttributeValue></saml:Attribute>"#)
        })
        .collect();
    let attributes = read(&many);
    assert_eq!(attributes.len(), 1000);
    assert_eq!(attributes[999], attribute("a999", None, &["999"]));
}
