"""Colours and fonts of the page template, light and dark, and what its style sheet leaves open."""

# A thumb that glides to its value keeps the browser laying out and painting the page for 150 ms,
# on the cores that compute the answer.
AT_ONCE = {"transition": "none"}
# A finger that scrolls the page past a slider must not move it: only the knob reacts.
COARSE = "@media (pointer: coarse)"
COMPONENTS = {
    "MuiSlider": {
        "styleOverrides": {
            "root": {COARSE: {"pointerEvents": "none", "touchAction": "pan-y"}},
            "thumb": AT_ONCE | {COARSE: {"pointerEvents": "auto", "touchAction": "none"}},
            "track": AT_ONCE,
        }
    },
    # A finger does not hover, so a tooltip would stay and cover what is below it.
    "MuiTooltip": {"styleOverrides": {"popper": {"@media (hover: none)": {"display": "none"}}}},
}
THEME = {
    "components": COMPONENTS,
    "palette": {
        "primary": {"main": "#1F6F8B", "contrastText": "#ffffff"},
        # Followers of a teacher still read the values of disabled controls.
        "text": {"disabled": "rgba(0, 0, 0, 0.62)"},
    },
    "typography": {"fontSize": 13},
}
BAR = "#12495e"
SX = {
    "& .header": {
        "backgroundColor": f"{BAR} !important",
        "boxShadow": "none",
        "display": "var(--header-display, flex)",
    },
    "& .header *": {"color": "#ffffff"},
    # An unlabelled indicator; the page has its own progress and status.
    "& .header .MuiLinearProgress-root": {"display": "none"},
    "& .MuiToolbar-root": {"minHeight": "var(--header-height, 50px) !important"},
    "& .header .title": {"fontSize": {"xs": "1rem", "sm": "1.15rem"}, "fontWeight": 500},
}
DARK = {
    "palette": {
        "primary": {"main": "#7CC6DE", "contrastText": "#06222b"},
        "text": {"disabled": "rgba(255, 255, 255, 0.7)"},
    },
}
# In projector mode the parts above the pictures are hidden, and the rest has large letters; parts
# in shadow roots take both from these variables.
CSS = """
html, body { overflow-x: hidden; }
/* Before the page is drawn; theme.js knows by then. */
html.dark { background: #121212; }
html.projector { --page-type: 20px; --header-display: none; --header-height: 0px;
  --button-size: 48px; --slider-foot: 22px;
  --lower-columns: minmax(0, 1fr); }
html.locked { --locked-filter: grayscale(1) opacity(0.45); --locked-cursor: not-allowed; }
.skip { position: fixed; left: 8px; top: -60px; z-index: 2000; padding: 9px 16px;
  border-radius: 6px; background: #12495e; color: #ffffff; font: 500 14px Roboto, sans-serif; }
.skip:focus { top: 6px; outline: 2px solid #ffffff; outline-offset: -4px; }
/* The page can be read while its last parts load; only an error covers it. */
#loader:not(.error) { background: none; pointer-events: none; }
"""
