"""What differs between the English and the Chinese edition apart from their text: names, words of the frame, fonts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edition:
    """One manual. ``parts`` are the chapters (by slug) that are also built as HTML and Markdown."""

    language: str
    name: str
    maker: str
    title: str
    subtitle: str
    imprint: tuple[str, ...]
    document_number: str
    contents: str
    index: str
    """Title of the index of terms; empty: no index."""
    words: dict[str, str]
    """The printed word of each box, of tables and figures, and of a continued table."""
    site: tuple[str, ...]
    """Navigation entries of the HTML pages."""
    footer: str
    parts: tuple[str, ...] = ("quick-start", "faults")


ENGLISH = Edition(
    language="en",
    name="halden-kx-40",
    maker="HALDEN",
    title="KX-40",
    subtitle="Heat-recovery ventilation unit|Installation, operation and service manual",
    imprint=(
        "KX-40 L, KX-40 R, KX-40 E",
        "Software 3.2 and later",
        "Edition 07, 230 V / 50 Hz, English (original instructions)",
    ),
    document_number="HK-D-4007-EN",
    contents="Contents",
    index="Index",
    words={
        "danger": "DANGER", "warning": "WARNING", "caution": "CAUTION", "note": "NOTE", "table": "Table",
        "figure": "Figure", "chapter": "Chapter",
    },
    site=("Home", "Products", "Downloads", "Spare parts", "Find an installer", "Contact"),
    footer="© Halden Luftteknikk. Cookies help us to show you this page. Newsletter | Imprint | Privacy",
)  # fmt: skip

CHINESE = Edition(
    language="zh",
    name="halden-kx-40c-zh",
    maker="哈尔登 HALDEN",
    title="KX-40C",
    subtitle="热回收新风机|安装、使用与维修手册",
    imprint=("KX-40C L、KX-40C R、KX-40C E", "软件版本 3.2 及以上", "第 4 版　220 V / 50 Hz　中文（中国大陆版）"),
    document_number="HK-D-4107-ZH",
    contents="目　录",
    index="",
    words={
        "danger": "危险", "warning": "警告", "caution": "小心", "note": "提示", "table": "表", "figure": "图",
        "chapter": "第 {} 章",
    },
    site=("首页", "产品中心", "资料下载", "耗材商城", "服务网点", "联系我们"),
    footer="© 哈尔登空气技术　本网站使用 Cookie　订阅资讯 | 法律声明 | 隐私政策",
)  # fmt: skip

EDITIONS = (ENGLISH, CHINESE)
