"""Agents that are nobody's click are known; browsers, those inside apps too, are not mistaken for them."""

from __future__ import annotations

import crawleruseragents
import pytest

from edge import agents
from edge.agents import AGENT_KEPT_MAX_BYTES, AGENTS_KEPT, no_click_of

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
MESSAGES = (  # of iPhones and Macs
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0"
)


@pytest.mark.parametrize(
    "user_agent",
    [
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Slackbot 1.0 (+https://api.slack.com/robots)",
        "Twitterbot/1.0",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
        "WhatsApp/2.23.20.0 A",
        "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
        MESSAGES,
        "Mastodon/4.3.0 (http.rb/5.2.0; +https://mastodon.social/) Bot",
        "http.rb/5.1.1 (Mastodon/4.2.0; +https://social.example/)",
        "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
        "Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)",
        "Synapse (bot; +https://github.com/matrix-org/synapse)",
        "Iframely/1.3.1 (+https://iframely.com/docs/about) Atlassian",
        "Mozilla/5.0 (compatible; Yahoo Link Preview; https://help.yahoo.com/kb/mail/yahoo-link-preview-SLN23615.html)",
    ],
)
def test_agents_that_draw_previews(user_agent: str) -> None:
    assert no_click_of(user_agent.encode()) == "preview"


@pytest.mark.parametrize(
    "user_agent",
    [
        "Mozilla/5.0 (compatible; BarracudaCentral/1.0)",
        f"{WINDOWS} Barracuda Sentinel (EE)",
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
        "Mimecast URL Scanner",
        "Proofpoint URL Defense",
        "TwinWaveScanner",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    ],
)
def test_scanners_of_mail(user_agent: str) -> None:
    assert no_click_of(user_agent.encode()) == "scanner"


@pytest.mark.parametrize(
    "user_agent",
    [
        "",
        WINDOWS,
        f"{IPHONE} [FBAN/FBIOS;FBAV/480.0.0.32.109;FBDV/iPhone15,2]",
        f"{IPHONE} Instagram 350.0.0.20.90 (iPhone15,2; iOS 18_0)",
        f"{IPHONE} Twitter for iPhone/10.50",
        f"{IPHONE} [LinkedInApp]/9.30.1234",
        f"{IPHONE} [Pinterest/iOS]",
        f"{IPHONE} Snapchat/13.0.0.41 (like Safari/8618)",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Slack_SSB/4.40.120 Safari/537.36",
        f"{WINDOWS} Teams/1.7.00 Electron/25.8.4",
        "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 Chrome/140.0.0.0 Mobile Safari/537.36 Viber/21.0",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "curl/8.5.0",
    ],
)
def test_everybody_else_is_redirected_as_a_click(user_agent: str) -> None:
    assert no_click_of(user_agent.encode()) == ""


def test_what_names_itself_a_preview_in_the_crawlers_list_is_one() -> None:
    """The list that ingest goes by; the edge needs those of it that draw previews."""
    instances = [
        (crawler["pattern"], instance)
        for crawler in crawleruseragents.CRAWLER_USER_AGENTS_DATA
        for instance in crawler["instances"]
        if "link preview" in instance.lower() or "linkpreview" in instance.lower()
    ]
    assert instances
    assert [one for one in instances if no_click_of(one[1].encode()) != "preview"] == []


def test_verdicts_are_remembered_within_bounds() -> None:
    verdicts = agents._Verdicts()  # pyright: ignore[reportPrivateUsage]
    for number in range(AGENTS_KEPT + 10):
        assert verdicts[b"Browser/%d" % number] == ""
    assert len(verdicts) <= AGENTS_KEPT
    assert verdicts[b"x" * AGENT_KEPT_MAX_BYTES + b" Twitterbot/1.0"] == "preview"
    assert max(map(len, verdicts)) <= AGENT_KEPT_MAX_BYTES
