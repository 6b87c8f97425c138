"""Many changes of a page as one: the models are counted once, also after an error."""

import panel as pn
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

from dashboard.parts.batched import together


@pytest.fixture
def page():
    document, held = Document(), pn.Column(pn.pane.HTML("first"))
    held.server_doc(document)
    with set_curdoc(document):
        yield document, held


def texts(document: Document) -> set[str]:
    return {model.text for model in document.models if hasattr(model, "text")}


def test_the_models_are_counted_once(page, monkeypatch):
    document, held = page
    counted, count = [], type(document.models).recompute
    monkeypatch.setattr(
        type(document.models), "recompute", lambda self: (counted.append(self), count(self))
    )
    with together():
        with together():
            held.append(pn.pane.HTML("second"))
        held.append(pn.pane.HTML("third"))
        assert counted == []
    assert len(counted) == 1
    assert texts(document) == {"first", "second", "third"}


def test_an_error_leaves_nothing_frozen(page):
    document, held = page
    with pytest.raises(KeyError), together():
        raise KeyError
    held.append(pn.pane.HTML("second"))
    assert texts(document) == {"first", "second"}


def test_there_need_not_be_a_page():
    with set_curdoc(None), together():
        pass
