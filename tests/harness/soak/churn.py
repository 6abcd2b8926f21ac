"""What changes while people work: reloads, metadata, memcached nodes that die or freeze."""

import itertools
import threading

from harness.idp import KEY
from harness.keys import rsa_credential
from harness.soak.ledger import Ledger
from harness.soak.load import every
from harness.soak.sites import Host

#: How long a node is dead or frozen, of the time until it is the next one's turn.
DOWN = 0.05


class Churn:
    """The threads of one host."""

    def __init__(self, host: Host, ledger: Ledger, stop: threading.Event):
        self.host, self.ledger, self.stop = host, ledger, stop

    def threads(self) -> list[threading.Thread]:
        works = [self.reloads, self.changes_metadata] + [self.kills_nodes] * bool(self.host.nodes)
        return [threading.Thread(target=self.at_work, args=(work,), daemon=True) for work in works]

    def at_work(self, work) -> None:
        try:
            work()
        except Exception as error:  # what is not done any more must not look like peace
            self.ledger.amiss(self.host.name, work.__name__, repr(error))

    def reloads(self) -> None:
        """Twenty times with memcached. Once without, after a quarter: there workers shall get old."""
        run = self.host.times.run
        times = every(run / 20, self.stop) if self.host.nodes else [self.stop.wait(run / 4)]
        for _ in times:
            if not self.stop.is_set():
                self.host.server.reload()
                self.ledger.right(self.host.name, "reload")

    def changes_metadata(self) -> None:
        """A second key comes and goes; the first goes on."""
        document = self.host.idp.metadata()
        second = KEY.format(rsa_credential("idp-next").certificate_base64)
        both = document.replace("<md:KeyDescriptor", second + "<md:KeyDescriptor", 1)
        documents = itertools.cycle([both, document])
        for _ in every(self.host.times.life / 5, self.stop):
            self.host.publish(next(documents))
            self.ledger.right(self.host.name, "new metadata")

    def kills_nodes(self) -> None:
        """One at a time, and the next when all sessions in use have both copies again."""
        period = self.host.times.idle + 15
        turns = zip(itertools.cycle(self.host.nodes), itertools.cycle([True, True, True, False, False, False]))
        for (node, dies), _ in zip(turns, every(period, self.stop)):
            if dies:
                node.kill()
                self.stop.wait(period * DOWN)
                node.start()
            else:
                node.freeze()
                self.stop.wait(period * DOWN)
                node.thaw()
            self.ledger.right(self.host.name, "node killed" if dies else "node frozen")
