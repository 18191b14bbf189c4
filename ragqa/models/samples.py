"""Texts on which a compiled model is held against its original: both languages, tables, codes, nothing, long ones."""

from __future__ import annotations

_ENGLISH = (
    "Hold the power key for three seconds until the ring turns green.",
    "E-07",
    "What does the blinking amber light mean?",
    "Before you replace the filter, close the inlet valve, switch the unit off at the wall and let it cool for "
    "twenty minutes. Lift the two latches at the back, slide the tray towards you and take the old cartridge out. "
    "Rinse the housing with lukewarm water; never use solvents, bleach or a dishwasher.",
    "Rated voltage | 230 V ~ 50 Hz\nPower | 1,850 W\nWater tank | 1.4 l\nNoise | 58 dB(A)\nWeight | 4.3 kg",
    "set output 'curve.png'; plot [0:10] sin(x)/x with lines title \"sinc\", '-' using 1:3 axes x1y2",
    "The warranty covers faults of material and workmanship for two years from the day of purchase.",
)
_CHINESE = (
    "长按电源键三秒，直到指示灯变为绿色。",
    "更换滤芯之前，请先关闭进水阀，拔下电源插头，并等待二十分钟让机器冷却。",
    "錯誤代碼 E-07：水箱沒有放好，請重新安裝後再試。",
    "额定电压 | 220 V ~ 50 Hz\n额定功率 | 1850 W\n水箱容量 | 1.4 升",
)
_MIXED = ("按下 RESET 按钮 (back panel) 后，LED 会闪烁 3 次 — see section 4.2.", "")
CHECK_TEXTS = (
    *_ENGLISH,
    *_CHINESE,
    *_MIXED,
    " ".join(_ENGLISH),
    "".join(_CHINESE),
    " ".join((*_ENGLISH, *_CHINESE, *_MIXED)),
    " ".join(_ENGLISH[::-1]) * 3,
    "\n".join((*_CHINESE[::-1], *_ENGLISH[3:])) * 2,
)
