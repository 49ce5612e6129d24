"""Style sheets: Cognito's own template passes, and nothing that could do more than look."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_client_authz.domain import branding_css
from app_client_authz.domain.errors import InvalidParameter

TEMPLATE = """
.logo-customizable { max-width: 60%; max-height: 30%; }
.banner-customizable { padding: 25px 0px 25px 0px; background-color: lightgray; }
.label-customizable { font-weight: 400; }
.textDescription-customizable { padding-top: 10px; padding-bottom: 10px; display: block; font-size: 16px; }
.idpDescription-customizable { padding-top: 10px; display: block; font-size: 16px; }
.legalText-customizable { color: #747474; font-size: 11px; }
.submitButton-customizable {
  font-size: 14px; font-weight: bold; margin: 20px 0px 10px 0px; height: 40px; width: 100%;
  color: #fff; background-color: #337ab7; text-align: center;
}
.submitButton-customizable:hover { color: #fff; background-color: #286090; }
.errorMessage-customizable { padding: 5px; width: 100%; background: #F5F5F5; border: 2px solid #D64958; }
.inputField-customizable { width: 100%; height: 34px; color: #555; border: 1px solid #ccc; border-radius: 0px; }
.inputField-customizable:focus { border-color: #66afe9; outline: 0; }
.idpButton-customizable { height: 40px; width: 100%; margin-bottom: 15px; border-color: #46b8da; }
.idpButton-customizable:hover { color: #fff; background-color: #31b0d5; }
.socialButton-customizable { border-radius: 2px; height: 40px; padding: 1px; text-align: left; }
.redirect-customizable { text-align: center; }
.passwordCheck-notValid-customizable { color: #DF3312; }
.passwordCheck-valid-customizable { color: #19BF00; }
.background-customizable { background-color: #fff; }
"""


def refusal(css: str) -> str:
    with pytest.raises(InvalidParameter) as refused:
        branding_css.check(css)
    return refused.value.message


@pytest.mark.parametrize(
    "css",
    [
        TEMPLATE,
        "",
        "/* nothing but a note: größer { } ; 'quotes' and url(x) */",
        ".label-customizable{}",
        ".label-customizable , .legalText-customizable{color:red}",
        ".label-customizable{color:rgba(0, 0, 0, 0.5) !important;;}",
        ".label-customizable{background:/* half */#fff}",
        """.label-customizable{font-family:"Open Sans", 'Noto Sans', sans-serif}""",
        ".label-customizable{margin:-1px auto;\r\n\tbox-shadow:0 0 2px hsl(10deg 20% 30% / 40%)}",
    ],
)
def test_harmless_style_sheets_pass(css: str) -> None:
    branding_css.check(css)


@pytest.mark.parametrize(
    "css, message",
    [
        ("body{color:red}", "CSS selector is not allowed: body"),
        (".logo-customizable, *{color:red}", "CSS selector is not allowed: *"),
        (".logo-customizable a{color:red}", "CSS selector is not allowed: .logo-customizable a"),
        (".logo-customizable:hover{color:red}", "CSS selector is not allowed: .logo-customizable:hover"),
        ("[value^=a]{color:red}", "CSS selector is not allowed: [value^=a]"),
        ("{color:red}", "CSS selector is not allowed: "),
        ("color:red}", "CSS rule is not allowed: color:red"),
        ("}", "CSS rule is not allowed: "),
        (".logo-customizable{color:red", "CSS ends within a rule."),
        (".logo-customizable{color:red}}", "CSS rule is not allowed: "),
        (".logo-customizable{.a{color:red}}", "CSS property is not allowed: .a{color"),
        (".logo-customizable{color:red}/* to be continued", "CSS text is not allowed: /* to be continued"),
        (".logo-customizable{position:fixed}", "CSS property is not allowed: position"),
        (".logo-customizable{content:'x'}", "CSS property is not allowed: content"),
        (".logo-customizable{behavior:none}", "CSS property is not allowed: behavior"),
        (".logo-customizable{-moz-binding:none}", "CSS property is not allowed: -moz-binding"),
        (".logo-customizable{--color:red}", "CSS property is not allowed: --color"),
        (".logo-customizable{COLOR:red}", "CSS property is not allowed: COLOR"),
        (".logo-customizable{color}", "CSS value is not allowed: "),
        (".logo-customizable{background:url(//evil.example)}", "CSS value is not allowed: url(//evil.example)"),
        (".logo-customizable{background:URL (x)}", "CSS value is not allowed: URL (x)"),
        (".logo-customizable{background:u/**/rl(x)}", "CSS value is not allowed: u rl(x)"),
        (".logo-customizable{background:image-set('x' 1x)}", "CSS value is not allowed: image-set('x' 1x)"),
        (".logo-customizable{width:expression(1)}", "CSS value is not allowed: expression(1)"),
        (".logo-customizable{color:var(--x)}", "CSS value is not allowed: var(--x)"),
        (".logo-customizable{color:rgb(rgb(0))}", "CSS value is not allowed: rgb(rgb(0))"),
        (".logo-customizable{color:xrgb(0)}", "CSS value is not allowed: xrgb(0)"),
        (".logo-customizable{font-family:Ωmega}", "CSS value is not allowed: Ωmega"),
        (".logo-customizable{color:red:blue}", "CSS value is not allowed: red:blue"),
        ("@import 'x';", "CSS must not contain @"),
        (".logo-customizable{color:red}</style><script>", "CSS must not contain <"),
        ("/* </style> */", "CSS must not contain <"),
        ("-->", "CSS must not contain >"),
        (r".logo-customizable{background:\75rl(x)}", "CSS must not contain \\"),
        (".logo-customizable{color:red\x0c}", "CSS must not contain control characters."),
        ("/* \x00 */", "CSS must not contain control characters."),
        ("x" * 131_073, "A style sheet has 131072 characters at most."),
    ],
)
def test_whatever_else_is_refused_with_what_it_is(css: str, message: str) -> None:
    assert refusal(css) == message


@pytest.mark.parametrize(
    "css",
    [
        # A browser sees a string, and then what follows it as rules: so it may not pass for a comment.
        """.label-customizable{font-family:"/*"} body{color:red} .label-customizable{font-family:"*/"}""",
        """.label-customizable{font-family:"/*\n} body{color:red} */"}""",
        """.label-customizable{font-family:'/*} body{color:red} */'}""",
        # And a comment may not pass for a string.
        """.label-customizable{font-family:/*"*/url(x)/*"*/}""",
        """.label-customizable{color:red}/*/ body{color:red} /*/""" + "x",
    ],
)
def test_comments_and_strings_are_told_apart_as_browsers_do(css: str) -> None:
    assert refusal(css)


def test_what_is_shown_of_a_refused_text_is_short_and_printable() -> None:
    assert refusal("body\u202e{" + "x" * 1000 + "}") == "CSS selector is not allowed: body\\u202e"
    assert len(refusal("x" * 100_000 + "{}")) < 100


@pytest.mark.attack("R22")
@pytest.mark.parametrize(
    "piece", ["/*", "/", "*", '"', "'", '"a', "rgb(", "a:", "{", "}", ".logo-customizable{", "a b "]
)
def test_long_style_sheets_cost_no_more_than_their_length(piece: str) -> None:
    css = f".logo-customizable{{color:{piece * (131_000 // len(piece))}"
    begun = time.process_time()

    refusal(css[: branding_css.MAX_CHARACTERS])

    assert time.process_time() - begun < 1


@given(st.text(alphabet=".logo-customizable{}:;,()/*\"' \n#%urlabc1é", max_size=60))
def test_what_passes_holds_nothing_but_our_classes_outside_of_comments(css: str) -> None:
    try:
        branding_css.check(css)
    except InvalidParameter:
        return
    # Strings that passed hold no mark of a comment: so this is how a browser takes comments out.
    bare = re.sub(r"/\*.*?\*/", " ", css, flags=re.DOTALL)
    for rule in bare.split("}")[:-1]:
        assert {each.strip() for each in rule.partition("{")[0].split(",")} <= branding_css.SELECTORS
    assert "url(" not in bare
