"""What is secret by its looks: credentials of known shapes, and the values of the environment."""

from __future__ import annotations

import json
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PLACEHOLDER", "Secrets"]

#: What stands in the place of a secret.
PLACEHOLDER = "****"

_ENVIRONMENT_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD")
_MIN_ENVIRONMENT_VALUE = 12

# What no word looks like: twelve letters and digits with a digit among them, or twenty. A key has
# that near its start, in a run of its characters; the bound keeps a hostile text from taking long.
_DENSE = "(?:[0-9A-Za-z]{20}|(?=[A-Za-z]{0,11}[0-9])[0-9A-Za-z]{12})"
_DENSE_KEY = rf"(?=[\w-]{{0,32}}?{_DENSE})"
_DENSE_TOKEN = rf"(?=[\w.~+/-]{{0,32}}?{_DENSE})"

# The prefixes are documented by their issuers, and used by public secret scanners alike.
_CREDENTIALS = (
    # OpenAI, Anthropic, OpenRouter, DeepSeek, LiteLLM, Langfuse; Stripe.
    rf"sk-{_DENSE_KEY}[\w-]{{16,}}",
    r"[rs]k_(?:live|test)_[0-9A-Za-z]{16,}",
    # Google: API keys, OAuth client secrets, access tokens.
    r"AIza[\w-]{30,}",
    r"AQ\.[\w-]{30,}",
    r"GOCSPX-[\w-]{20,}",
    r"ya29\.[\w-]{20,}",
    # Hugging Face, Groq, xAI, Perplexity, Replicate, NVIDIA, Tavily, LangSmith.
    r"hf_[0-9A-Za-z]{30,}",
    r"gsk_[0-9A-Za-z]{30,}",
    r"xai-[0-9A-Za-z]{40,}",
    r"pplx-[0-9A-Za-z]{30,}",
    r"r8_[0-9A-Za-z]{30,}",
    r"nvapi-[\w-]{40,}",
    rf"tvly-{_DENSE_KEY}[\w-]{{20,}}",
    r"lsv2_[a-z]{2}_[0-9a-f]{32}\w*",
    # GitHub, GitLab, Slack, AWS access key ids.
    r"gh[oprsu]_[0-9A-Za-z]{30,}",
    r"github_pat_\w{30,}",
    r"glpat-[\w-]{20,}",
    r"xox[abeprs]-(?=[A-Za-z-]{0,20}[0-9])[0-9A-Za-z-]{12,}",
    r"xapp-[0-9]-[0-9A-Za-z-]{20,}",
    r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])",
    # npm, PyPI, SendGrid.
    r"npm_[0-9A-Za-z]{36}(?![0-9A-Za-z])",
    r"pypi-AgE[\w-]{50,}",
    r"SG\.[\w-]{16,}\.[\w-]{16,}",
    # JSON Web Tokens: two JSON objects and a signature. After a hyphen or an underscore, of which a
    # hostile text may have many, only with a header of the usual length.
    r"(?:(?<![_-])eyJ[\w-]{8,}|eyJ[\w-]{8,200})\.eyJ[\w-]{8,}\.[\w-]{16,}",
)
# Any of the above is, or is in, a run of so many of these characters. To look for the runs first is
# several times as fast as to look for the credentials everywhere: most texts have few.
_RUN = r"[\w.-]{16,}"
_CREDENTIAL = f"(?<![0-9A-Za-z])(?:{'|'.join(_CREDENTIALS)})"

# The line end or tab before it may be escaped, as in JSON.
_BEARER = rf"(?:(?<![0-9A-Za-z])|(?<=\\[nrt]))((?i:bearer)[ \t]+){_DENSE_TOKEN}[\w.~+/-]{{16,}}=*"
_BEARER_SIGNS = ("Bearer", "bearer", "BEARER")

# A password that is a template's variable is none.
_URL_CREDENTIAL = r"""(://[^\s/?#:@"'<>\\]{0,200}:)(?!\{|\$\{|%[(s])[^\s/?#@"'<>\\]{1,200}(?=@)"""
_URL_SIGN = "://"

# Whole, or cut off after some lines of base64. The line ends may be escaped, as in JSON.
_BASE64 = "[0-9A-Za-z+/=]{16,}"
_LINE_END = r"(?:\s|\\+[nr])"
_PRIVATE_KEY = (
    r"-----BEGIN [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:[^-]*(?:-(?!----)[^-]*)*-----END [0-9A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    rf"|{_LINE_END}*{_BASE64}(?:{_LINE_END}+{_BASE64})*)"
)
_PRIVATE_KEY_SIGN = "PRIVATE KEY"

_PATH = rf"(?:~|\.\.?|[A-Za-z]:)?[\\/](?!{_DENSE_TOKEN})"


class Secrets:
    """The secrets that texts are searched for.

    Args:
        environ: The environment, whose secrets are remembered.
    """

    __slots__ = ("_values",)

    def __init__(self, environ: Mapping[str, str]) -> None:
        # The usual one decodes what it is asked for, and each session asks for all names.
        is_usual = type(environ).__module__ == "os"
        kept: Mapping[Any, Any] = getattr(environ, "_data", environ) if is_usual else environ
        self._values = _secret_values(tuple(map(kept.__getitem__, _secret_names(tuple(kept)))))

    def taken_out_of(self, text: str) -> str:
        """Take the secrets out of a text, in time that is linear in its length.

        Args:
            text: The text.

        Returns:
            The text with a placeholder for each value of the environment, for each credential of a
            known shape, for the password in a URL and for a private key.
        """
        for value in self._values:
            text = text.replace(value, PLACEHOLDER)
        patterns = _patterns()
        text = patterns.run.sub(_without_credentials, text)
        if _URL_SIGN in text:
            text = patterns.url_credential.sub(rf"\1{PLACEHOLDER}", text)
        if any(sign in text for sign in _BEARER_SIGNS):
            text = patterns.bearer.sub(rf"\1{PLACEHOLDER}", text)
        if _PRIVATE_KEY_SIGN in text:
            text = patterns.private_key.sub(PLACEHOLDER, text)
        return text


class _Patterns(NamedTuple):
    run: re.Pattern[str]
    credential: re.Pattern[str]
    bearer: re.Pattern[str]
    url_credential: re.Pattern[str]
    private_key: re.Pattern[str]


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    """The patterns; to compile them takes a while, and a replay without a drift needs none."""
    return _Patterns(
        run=re.compile(_RUN, re.ASCII),
        credential=re.compile(_CREDENTIAL, re.ASCII),
        bearer=re.compile(_BEARER, re.ASCII),
        url_credential=re.compile(_URL_CREDENTIAL),
        private_key=re.compile(_PRIVATE_KEY),
    )


def _without_credentials(run: re.Match[str]) -> str:
    # After a backslash the first letter is that of an escaped line end, as in JSON and code.
    escaped = 1 if run.string[run.start() - 1 : run.start()] == "\\" else 0
    text = run[0]
    return text[:escaped] + _patterns().credential.sub(PLACEHOLDER, text[escaped:])


@lru_cache(maxsize=8)
def _secret_names(names: tuple[str | bytes, ...]) -> tuple[str | bytes, ...]:
    """Those names of variables whose values are secret: they end in KEY, TOKEN, and so on."""
    return tuple(name for name in names if os.fsdecode(name).upper().endswith(_ENVIRONMENT_NAMES))


@lru_cache(maxsize=8)
def _secret_values(values: tuple[str | bytes, ...]) -> tuple[str, ...]:
    """Give the secrets among the values of such variables, also as JSON writes them.

    They have twelve characters or more, and are neither a path nor one plain word. The longest come
    first: one may contain another.
    """
    secrets = {
        text
        for text in map(os.fsdecode, values)
        if len(text) >= _MIN_ENVIRONMENT_VALUE
        and not text.isalpha()
        and not re.match(_PATH, text, re.ASCII)
    }
    for ensure_ascii in (True, False):
        secrets |= {json.dumps(secret, ensure_ascii=ensure_ascii)[1:-1] for secret in secrets}
    return tuple(sorted(secrets, key=lambda secret: (-len(secret), secret)))
