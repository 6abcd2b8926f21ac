"""Two hosts of one site, as the tests of shared sessions use them."""

CONF = """
events {}
http {
    server {
        listen @ADDRESS@:@PORT@;
        location / {
            add_header Set-Cookie seen=@ADDRESS@;
            return 200 "$server_addr $http_host $cookie_seen";
        }
    }
}
"""


def test_a_browser_cannot_tell_them_apart(twins, browser):
    one, two = twins(CONF)
    assert one.url() == two.url()
    host = f"127.0.0.1:{one.port}"
    assert browser.towards(two).get(one.url()).text == f"127.0.0.2 {host} "
    page = browser.towards(one).get(one.url())
    assert (page.text, page.url) == (f"127.0.0.1 {host} 127.0.0.2", one.url())
    assert browser.towards(two).get(one.url()).text == f"127.0.0.2 {host} 127.0.0.1"
