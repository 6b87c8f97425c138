"""What a view adds to the state of a visit, such as the models it compares.

Pure `param` state like `Exploration`: made for every view when a page opens, so that a link
restores a view before it is drawn. A view without choices of its own uses `Choice` itself.
"""

from collections.abc import Mapping
from typing import ClassVar

import param

from dashboard.runs.catalogue import Offer
from dashboard.state.exploration import Exploration
from dashboard.state.url import Reader, read_query


class Choice(param.Parameterized):
    """Parameters of one view; those named in `addressed` stand in the address of the page."""

    addressed: ClassVar[tuple[str, ...]] = ()

    def read(self, reader: Reader, state: Exploration) -> None:
        """Apply a link; sentences about errors go to `reader.problems`.

        `state` is the common state after the link. Anything the link leaves out stays as it is.
        """

    def write(self, state: Exploration) -> dict[str, str]:
        """The entries of the link that `read` turns into this choice."""
        return {}

    def read_all(self, query: Mapping[str, str], catalogue: Offer, state: Exploration) -> None:
        """Read a query; anything it leaves out gets its default instead of staying as it is."""
        usual = type(self)()
        usual.read(read_query(query, catalogue, state.system), state)
        differs = [name for name in self.addressed if getattr(self, name) != getattr(usual, name)]
        self.param.update(**{name: getattr(usual, name) for name in differs})
