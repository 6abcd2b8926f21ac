"""An application of others' making, in small: a WSGI middleware that believes a bearer token alone."""

import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import jwt


class JwtApplication:
    """Greets whoever a token names that is signed by a key of `jwks_url`, for `audience`, by `issuer`."""

    def __init__(self, jwks_url: str, audience: str, issuer: str):
        self.keys = jwt.PyJWKClient(jwks_url, lifespan=300)
        self.audience, self.issuer = audience, issuer
        self.server = make_server("127.0.0.1", 0, self.answer, handler_class=Silent)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def fetch_keys(self) -> None:
        """As it does when it has kept them long enough."""
        self.keys.get_jwk_set(refresh=True)

    def answer(self, environ, start_response):
        try:
            claims = self.claims(environ.get("HTTP_AUTHORIZATION", ""))
        except (jwt.PyJWTError, ValueError) as why:
            start_response("401 Unauthorized", [("Content-Type", "text/plain"), ("WWW-Authenticate", "Bearer")])
            return [f"who are you? {why}".encode()]
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"hello {claims['sub']} of {', '.join(claims.get('groups', []))}".encode()]

    def claims(self, authorization: str) -> dict:
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer":
            raise ValueError("no bearer token")
        return jwt.decode(
            token,
            self.keys.get_signing_key_from_jwt(token),
            algorithms=["ES256", "RS256"],
            audience=self.audience,
            issuer=self.issuer,
            options={"require": ["exp", "sub"]},
        )


class Silent(WSGIRequestHandler):
    def log_message(self, *arguments):
        pass
