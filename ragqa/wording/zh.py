"""Chinese labels. What Chinese questions and manuals look like stands with the rules."""

from __future__ import annotations

from ragqa.wording.record import Labels, Wording

WORDING = Wording(
    Labels(
        page="第 {page} 页",
        rest="，其余见第 {page} 页",
        steps="（共 {total} 步，以上为第 1 至 {shown} 步{rest}）",
        goes_on="（以下略）",
        see_also="另见：",
        nearest="最接近的内容是“{name}”（{place}）{missing}。",
        missing="，但其中没有{value}",
        same="{label}的说法相同。[{marker}]",
        silent="{label}中没有说明。",
        corrected="“{word}”按“{taken_for}”查找",
        unsupported="段落中没有：",
        values={
            "reason": "原因",
            "time": "时间",
            "length": "长度",
            "weight": "重量",
            "temperature": "温度",
            "power": "功率",
            "voltage": "电压",
            "current": "电流",
            "capacity": "容量",
            "rate": "速率",
            "torque": "扭矩",
            "pressure": "压力",
            "noise level": "噪声值",
            "volume": "容积",
            "size": "大小",
            "percentage": "百分比",
            "resolution": "分辨率",
            "price": "价格",
            "colour": "颜色",
            "interval": "间隔",
            "number": "号码",
            "number of them": "数目",
            "value": "数值",
        },
        colon="：",
        semicolon="；",
        comma="、",
    )
)
