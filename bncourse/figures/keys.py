"""Keys for widgets: what is pressed in a figure or a form belongs to it, not to JupyterLab.

With the focus on a button JupyterLab takes plain keys for its own commands: an arrow leaves the
cell, B adds one, D D deletes it. A small listener in the page keeps plain keys from it inside
whatever is marked here; keys with Ctrl, Alt or Cmd still reach it, so Ctrl+S saves. Escape goes
back to the cell, from where the arrow keys move on.
"""

from __future__ import annotations

from ipywidgets import HTML, Layout, Widget

MARK = "bncourse-keys"
# JupyterLab listens before a widget does; it passes over a target that carries this attribute.
_LISTEN = """
if (!window.bncourseKeys) {
  window.bncourseKeys = true;
  window.addEventListener('keydown', event => {
    const own = event.target.closest && event.target.closest('.bncourse-keys');
    if (!own) return;
    const command = event.ctrlKey || event.metaKey || event.altKey;
    event.target.toggleAttribute('data-lm-suppress-shortcuts', !command);
    if (event.key === 'Escape') own.closest('.jp-Cell')?.focus();
  }, true);
}"""
_PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def keep_keys(widget: Widget) -> HTML:
    """Mark a widget as one that keeps its keys; put the returned one among its children."""
    widget.add_class(MARK)
    script = " ".join(_LISTEN.split())
    picture = f'<img alt="" width="0" height="0" src="{_PIXEL}" onload="{script}">'
    return HTML(picture, layout=Layout(width="0", height="0", margin="0"))
