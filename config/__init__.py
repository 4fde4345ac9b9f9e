"""Settings: `strategy.yaml` with its golden hash, and the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lazy_face import lazy_face

if TYPE_CHECKING:
    from config.contract_file import load_words, words_path
    from config.delivery import DeliverySettings, HeartbeatSettings, delivery_from_env
    from config.environment import (
        VARIABLES,
        ChannelSettings,
        McpSettings,
        Settings,
        TelegramSettings,
        WebhookSettings,
        channels_from_env,
        load_settings,
        mcp_from_env,
        mode_from_env,
        sent_in_clear,
        shown_variable,
    )
    from config.instance import instance_name_from_env
    from config.phone import PhoneSettings
    from config.record import record_days
    from config.refusal import on_refusal_from_env
    from config.rules_digest import DISTRIBUTION, code_version
    from config.sealing import write_hash, write_local_hash, write_words_hash
    from config.secret_file import secret_from_env
    from config.strategy_file import (
        LoadedStrategy,
        load_strategy,
        local_overrides_path,
        strategy_hash,
    )
    from config.wire import TrustSettings, trust_from_env
    from config.yaml_lines import NO_STRATEGY, content_of, unreadable

__all__ = [
    "DISTRIBUTION",
    "NO_STRATEGY",
    "VARIABLES",
    "ChannelSettings",
    "DeliverySettings",
    "HeartbeatSettings",
    "LoadedStrategy",
    "McpSettings",
    "PhoneSettings",
    "Settings",
    "TelegramSettings",
    "TrustSettings",
    "WebhookSettings",
    "channels_from_env",
    "code_version",
    "content_of",
    "delivery_from_env",
    "instance_name_from_env",
    "load_settings",
    "load_strategy",
    "load_words",
    "local_overrides_path",
    "mcp_from_env",
    "mode_from_env",
    "on_refusal_from_env",
    "record_days",
    "secret_from_env",
    "sent_in_clear",
    "shown_variable",
    "strategy_hash",
    "trust_from_env",
    "unreadable",
    "words_path",
    "write_hash",
    "write_local_hash",
    "write_words_hash",
]

__getattr__ = lazy_face(
    __name__,
    {
        "contract_file": ("load_words", "words_path"),
        "delivery": ("DeliverySettings", "HeartbeatSettings", "delivery_from_env"),
        "environment": (
            "VARIABLES",
            "ChannelSettings",
            "McpSettings",
            "Settings",
            "TelegramSettings",
            "WebhookSettings",
            "channels_from_env",
            "load_settings",
            "mcp_from_env",
            "mode_from_env",
            "sent_in_clear",
            "shown_variable",
        ),
        "instance": ("instance_name_from_env",),
        "phone": ("PhoneSettings",),
        "record": ("record_days",),
        "refusal": ("on_refusal_from_env",),
        "rules_digest": ("DISTRIBUTION", "code_version"),
        "sealing": ("write_hash", "write_local_hash", "write_words_hash"),
        "secret_file": ("secret_from_env",),
        "strategy_file": ("LoadedStrategy", "load_strategy", "local_overrides_path", "strategy_hash"),
        "wire": ("TrustSettings", "trust_from_env"),
        "yaml_lines": ("NO_STRATEGY", "content_of", "unreadable"),
    },
)
