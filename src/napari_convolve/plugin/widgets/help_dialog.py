"""Help of a panel, composed of its guide and the docstring of its function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from .form import Settings
from .text import summary


def help_text(guide: str, function: Callable[..., Any], form: Settings) -> str:
    """Guide, summary of the function and description of every option, in Markdown."""
    lines = [guide, "## What is computed", "", summary(function), "", "## Options", ""]
    lines += [f"- **{p.limits.label or name.replace('_', ' ')}**: {p.help}" for name, p in form.parameters.items()]
    lines += ["", f"In Python: `{function.__module__.partition('.')[0]}`, `{function.__name__}`."]
    return "\n".join(lines)


def show_help(parent: QWidget, text: str) -> QDialog:
    """Open a modeless window with a text in Markdown."""
    dialog = QDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle("Help")
    browser = QTextBrowser(dialog)
    browser.setMarkdown(text)
    QVBoxLayout(dialog).addWidget(browser)
    dialog.resize(480, 560)
    dialog.show()
    return dialog
