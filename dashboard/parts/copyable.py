"""Text that a visitor can copy: an address, or how to cite."""

from pathlib import Path
from typing import final

import param
from panel.custom import JSComponent

# Its `copy` is used by every script placed after it.
COPYING = Path(__file__).with_name("copying.js").read_text(encoding="utf-8")
COPYABLE = """
:host { width: 100%; }
div { width: 100%; display: flex; flex-wrap: wrap; align-items: center; gap: 8px;
  color: var(--panel-on-background-color); font: 13px Roboto, sans-serif; }
textarea { flex: 1 0 100%; box-sizing: border-box; padding: 8px 10px; border-radius: 6px;
  color: inherit; background: var(--panel-surface-color); resize: vertical;
  field-sizing: content; max-height: 60vh;
  border: 1px solid color-mix(in srgb, var(--panel-on-background-color) 30%, transparent);
  font: 12px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
button { padding: 6px 14px; border: 0; border-radius: 6px; font: inherit; cursor: pointer;
  color: var(--panel-on-primary-color); background: var(--panel-primary-color); }
button:focus-visible, textarea:focus-visible { outline: 2px solid var(--panel-primary-color);
  outline-offset: 2px; }
"""


@final
class Copyable(JSComponent):
    """A text with the name `label` for screen readers, and a button that copies it."""

    text = param.String()
    label = param.String()

    _esm = COPYING + Path(__file__).with_name("copyable.js").read_text(encoding="utf-8")
    _stylesheets = [COPYABLE]

    def __init__(self, label: str, **params):
        super().__init__(label=label, **({"sizing_mode": "stretch_width", "margin": 0} | params))
