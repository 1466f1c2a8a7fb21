"""What is secret by its looks: every shape in every surrounding, and all that is no secret."""

from __future__ import annotations

import base64
import hashlib
import time
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentcassette._secrets import Secrets

# Put together here, so that no scanner takes this file for a leak.
MIXED = "q7Rt2WxY9bKd4MnP6sVf8HjL3zAc5EgU1iOoTrQw"
HEX = "0f8fad5bd9cb469fa16570867728950e"
UPPER = "Q7RT2WXY9BKD4MNP"
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (b'{"alg":"HS256","typ":"JWT"}', b'{"sub":"1234567890"}', b"\x8f" * 32)
)
SHAPES = Secrets({})
CREDENTIALS = {
    "openai": "sk-" + MIXED,
    "openai project": "sk-proj-" + MIXED + "_" + MIXED[:9] + "-" + MIXED,
    "openai service account": "sk-svcacct-" + MIXED,
    "anthropic": "sk-ant-api03-" + MIXED + "-" + MIXED + "AA",
    "openrouter": "sk-or-v1-" + HEX + HEX,
    "deepseek": "sk-" + HEX,
    "litellm": "sk-" + MIXED[:22],
    "langfuse": "sk-lf-" + str(uuid.UUID(HEX)),
    "a key without a digit": "sk-" + "abcdefghijklmnopqrstuvwxyz",
    "stripe": "sk_live_" + MIXED[:24],
    "stripe, restricted": "rk_test_" + MIXED[:24],
    "google": "AIza" + "SyD-" + MIXED[:31],
    "google, new form": "AQ." + "Ab8RN6" + MIXED,
    "google oauth client": "GOCSPX-" + MIXED[:28],
    "google oauth token": "ya29." + "a0Ae4lv" + MIXED + "-" + MIXED,
    "hugging face": "hf_" + MIXED[:34],
    "groq": "gsk_" + MIXED + MIXED[:12],
    "xai": "xai-" + MIXED + MIXED,
    "perplexity": "pplx-" + MIXED + MIXED[:8],
    "replicate": "r8_" + MIXED[:37],
    "nvidia": "nvapi-" + MIXED + "_" + MIXED[:23],
    "tavily": "tvly-" + "dev-" + MIXED[:32],
    "langsmith": "lsv2_pt_" + HEX + "_" + HEX[:10],
    "github": "ghp_" + MIXED[:36],
    "github app": "ghs_" + MIXED[:36],
    "github, fine-grained": "github_pat_" + "11" + MIXED[:20] + "_" + MIXED + MIXED[:19],
    "gitlab": "glpat-" + MIXED[:20],
    "slack bot": "xoxb-" + "17653672481-19874698323-" + MIXED[:24],
    "slack user": "xoxp-" + "123456789012-" + MIXED[:12],
    "slack app": "xapp-" + "1-A0123BCDE-" + MIXED,
    "aws": "AKIA" + UPPER,
    "aws, temporary": "ASIA" + UPPER,
    "npm": "npm_" + MIXED[:36],
    "pypi": "pypi-" + "AgEIcHlwaS5vcmc" + MIXED + "-" + MIXED,
    "sendgrid": "SG." + MIXED[:22] + "." + MIXED + MIXED[:3],
    "json web token": JWT,
}
SURROUNDINGS = {
    "alone": "{}",
    "quoted": "'{}'",
    "in a sentence": "Use {} for that.",
    "at the end of a sentence": "The key is {}.",
    "in brackets": "({})",
    "after a colon": "key:{}",
    "in a query": "https://example.org/?key={}&q=1",
    "in a path": "https://example.org/v1/{}/models",
    "in json": '{{"key": "{}"}}',
    "in a python repr": "Client(key='{}', timeout=3)",
    "after a line break": "key:\n{}\n",
    "after an escaped line break": r"KEYS\n{}\nEND",
    "after a twice escaped line break": r"KEYS\\n{}\\nEND",
    "after a tab": "key\t{}",
    "in chinese text": "密钥{}是",
    "after a word and a hyphen": "key-{}",
    "after a word and an underscore": "KEY_{}",
    "after dots": "the key...{}",
    "in a file name": "backup.{}.txt",
    "in a list": "1,{},2",
}


@pytest.mark.parametrize("surrounding", SURROUNDINGS.values(), ids=SURROUNDINGS)
@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS)
def test_a_credential_is_taken_out(credential, surrounding):
    """Wherever a credential stands, nothing of it is left, and what is around it stays."""
    assert SHAPES.taken_out_of(surrounding.format(credential)) == surrounding.format("****")


def test_several_credentials_are_taken_out_of_one_text():
    """Each credential goes, and the text between them stays."""
    openai, github = CREDENTIALS["openai"], CREDENTIALS["github"]
    assert SHAPES.taken_out_of(f"{openai}:{github} and {openai}") == "****:**** and ****"


BEARERS = {
    "header": f"Authorization: Bearer {MIXED}",
    "lower case": f"authorization: bearer {MIXED}",
    "upper case": f"AUTHORIZATION: BEARER {HEX}",
    "base64": f"Bearer {MIXED[:20]}/+{MIXED[:6]}==",
    "uuid": f"Bearer {uuid.UUID(HEX)}",
    "tab": f"Bearer\t{MIXED}",
}


@pytest.mark.parametrize("text", BEARERS.values(), ids=BEARERS)
def test_a_bearer_token_is_taken_out_and_its_scheme_stays(text):
    """A token that is secret by its scheme alone needs no known shape."""
    scheme = text[: text.lower().index("bearer") + len("bearer ")]
    assert SHAPES.taken_out_of(text) == f"{scheme}****"


URLS = {
    "database": ("postgres://app:hunter2@db.local:5432/x", "postgres://app:****@db.local:5432/x"),
    "no user": ("redis://:hunter2@cache", "redis://:****@cache"),
    "in a text": ("see https://me:a%40b!$@h.org/p?q=1 ok", "see https://me:****@h.org/p?q=1 ok"),
    "two": ("a://b:c@d e://f:g@h", "a://b:****@d e://f:****@h"),
    "in json": (r'{"url": "mysql://u:p@h\/db"}', r'{"url": "mysql://u:****@h\/db"}'),
}


@pytest.mark.parametrize(("text", "expected"), URLS.values(), ids=URLS)
def test_the_password_in_a_url_is_taken_out(text, expected):
    """User and host stay, as they are what a person needs to know."""
    assert SHAPES.taken_out_of(text) == expected


LINES = [MIXED + MIXED[:24] for _ in range(3)]
PRIVATE_KEYS = {
    "pkcs 8": ["-----BEGIN PRIVATE KEY-----", *LINES, "-----END PRIVATE KEY-----"],
    "rsa": ["-----BEGIN RSA PRIVATE KEY-----", *LINES, "-----END RSA PRIVATE KEY-----"],
    "encrypted": [
        "-----BEGIN RSA PRIVATE KEY-----",
        "Proc-Type: 4,ENCRYPTED",
        "DEK-Info: AES-128-CBC,F0",
        "",
        *LINES,
        "-----END RSA PRIVATE KEY-----",
    ],
    "pgp": ["-----BEGIN PGP PRIVATE KEY BLOCK-----", *LINES, "-----END PGP PRIVATE KEY BLOCK-----"],
    "cut off": ["-----BEGIN EC PRIVATE KEY-----", *LINES],
}


@pytest.mark.parametrize("line_end", ["\n", "\r\n", r"\n", r"\\n"], ids=ascii)
@pytest.mark.parametrize("lines", PRIVATE_KEYS.values(), ids=PRIVATE_KEYS)
def test_a_private_key_is_taken_out(lines, line_end):
    """A key goes as a whole, with line ends as they are or as JSON writes them."""
    text = f"before {line_end.join(lines)} after"
    assert SHAPES.taken_out_of(text) == "before **** after"


NO_SECRETS = {
    "sha256": hashlib.sha256(b"x").hexdigest(),
    "sha1 of a commit": "commit " + hashlib.sha1(b"x", usedforsecurity=False).hexdigest(),
    "md5": hashlib.md5(b"x", usedforsecurity=False).hexdigest(),
    "uuid": str(uuid.UUID(HEX)),
    "prefixed id": f"chatcmpl-{MIXED[:29]} msg_{MIXED[:24]} call_{MIXED[:24]} run-{uuid.UUID(HEX)}",
    "image": "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mN",
    "certificate": "-----BEGIN CERTIFICATE-----\n" + LINES[0] + "\n-----END CERTIFICATE-----",
    "public key": "-----BEGIN PUBLIC KEY-----\n" + LINES[0] + "\n-----END PUBLIC KEY-----",
    "prose about keys": "A file that starts with -----BEGIN PRIVATE KEY----- is a private key.",
    "hyphenated words": "a task-force for risk-adjusted-returns-2024 and desk-1234567890123456",
    "words after sk-": "sk-learn-compatible-estimators-for-everyone-and-everything",
    "words and a version after sk-": "sk-estimator-v2-with-long-name-here",
    "words after sk- with something dense behind": "sk-words-and-more-words.readthedocs12345678",
    "short": "sk-1234 ghp_abc AIza12 AKIA123 hf_token xoxb-1",
    "placeholder": "sk-... ghp_xxxx <YOUR_API_KEY>",
    "word beginning like aws": "AKIAnders and ASIAPACIFIC",
    "slack-like kisses": "xoxo-hugs-and-kisses-to-you-all",
    "a name of python": "hf_hub_download_with_retries_and_cache(npm_install_and_build_everything)",
    "bearer in prose": "The bearer of this, bearer token-based-authentication-2, Bearer of news",
    "bearer of a variable": "Authorization: Bearer $OPENAI_API_KEY or Bearer {api_key}",
    "version like a token": "eyJ.1.2.3 and eyJhbGciOiJIUzI1NiJ9.0.1",
    "url with a port": "http://localhost:8080/path@2x.png and http://host:80/a:b@c",
    "url with a user": "ssh://git@github.com/x/y",
    "template of a url": "postgres://{user}:{password}@{host} and a://b:${PASSWORD}@c and a://b:%s@c",
    "mail": "someone@example.org: see https://example.org",
    "model": "claude-sonnet-4-5-20250929 gpt-4o-mini-2024-07-18",
    "token counts": '"max_tokens": 4096, "token": "Hello", "next_page_token": "CAoQAA"',
    "long word": "Donaudampfschifffahrtsgesellschaftskapitaen",
    "path": "/usr/lib/python3.11/site-packages/agentcassette/_secrets.py",
    "empty": "",
}


@pytest.mark.parametrize("text", NO_SECRETS.values(), ids=NO_SECRETS)
def test_what_is_no_secret_stays(text):
    """Hashes, ids, images, prose and templates are left as they are."""
    assert SHAPES.taken_out_of(text) == text


ENVIRONMENT = {
    "OPENAI_API_KEY": ("s3cret-value-1", True),
    "DB_PASSWORD": ("correct horse battery", True),
    "my_token": ("0123456789ab", True),
    "CLIENT_SECRET": ("zażółć-gęślą-1", True),
    "AWS_SECRET_ACCESS_KEY": ("/wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLE1", True),
    "SHORT_KEY": ("0123456789a", False),
    "WORD_TOKEN": ("notconfigured", False),
    "SSH_KEY": ("/home/me/.ssh/id_rsa", False),
    "HOME_KEY": ("~/keys/service.json", False),
    "NEAR_KEY": ("./secrets/service.json", False),
    "UPPER_KEY": ("../secrets/service.json", False),
    "WINDOWS_KEY": ("C:\\Users\\me\\service.json", False),
    "KEYBOARD": ("us-intl-12345", False),
    "AWS_ACCESS_KEY_ID": ("not-by-this-name-1", False),
    "PATH": ("/usr/bin:/usr/local/bin", False),
}


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [(name, *rest) for name, rest in ENVIRONMENT.items()],
    ids=ENVIRONMENT,
)
def test_a_value_of_the_environment_is_secret_by_its_name(name, value, is_secret):
    """Values of a secret's name and length go, unless they are a path or one plain word."""
    text = f"it is {value}, here"
    expected = "it is ****, here" if is_secret else text
    assert Secrets({name: value}).taken_out_of(text) == expected


def test_a_value_of_the_environment_goes_before_the_shorter_one_in_it():
    """Of two values, one within the other, nothing of the longer one is left."""
    secrets = Secrets({"A_KEY": "abcdefgh-123", "B_KEY": "abcdefgh-123-and-more"})
    assert secrets.taken_out_of("abcdefgh-123-and-more abcdefgh-123") == "**** ****"


@pytest.mark.parametrize("written", ['pa"ss\\wörd-12', r"pa\"ss\\wörd-12", r"pa\"ss\\w\u00f6rd-12"])
def test_a_value_of_the_environment_goes_as_json_writes_it(written):
    """Quotes, backslashes and letters beyond ASCII do not hide a value in JSON."""
    secrets = Secrets({"DB_PASSWORD": 'pa"ss\\wörd-12'})
    assert secrets.taken_out_of(f"<{written}>") == "<****>"


HOSTILE = [
    "sk-",
    "-sk-",
    "tvly-",
    "eyJ-",
    "eyJaaaaaaaaaaaaaaaa-",
    "eyJa.eyJa.",
    "eyJaaaaaaaa.eyJaaaaaaaa.",
    "-----BEGIN PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n" + "A" * 64 + "\n",
    "PRIVATE KEY-----BEGIN ",
    "://a:",
    "Bearer a",
    "Bearer 1-",
    "xoxb-a",
    "SG.aaaaaaaaaaaaaaaa.",
    "a1",
    "A.",
    "-",
    " ",
    "\\n",
]


@pytest.mark.parametrize("unit", HOSTILE, ids=ascii)
def test_a_hostile_text_takes_no_longer_than_any_other(unit):
    """A quarter of a megabyte made to be slow is done in seconds on the slowest machine."""
    started = time.perf_counter()
    SHAPES.taken_out_of("Bearer " + unit * (250_000 // len(unit)))
    assert time.perf_counter() - started < 5


@given(st.text())
def test_taking_out_twice_is_taking_out_once(text):
    """What is left has no more to take out."""
    once = SHAPES.taken_out_of(text)
    assert SHAPES.taken_out_of(once) == once


@given(st.text(), st.sampled_from([*CREDENTIALS.values()]), st.text())
def test_no_surrounding_lets_a_credential_through(before, credential, after):
    """Between whatever texts a credential stands, it does not come through whole."""
    assert credential not in SHAPES.taken_out_of(f"{before} {credential} {after}")
