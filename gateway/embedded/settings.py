"""What the embedded PostgreSQL is told: where it lives, how large it may grow, how long to wait."""

from dataclasses import dataclass
from pathlib import Path

PORT_MAX = 65_535
SHARED_BUFFERS_MIN_MIB = 16
WAL_MIN_MIB = 80
CONNECTIONS_MIN = 10
LOG_FILE_KIB = 8_192
LOG_FILES_MAX = 8


@dataclass(frozen=True, slots=True)
class Settings:
    """Where and how the embedded PostgreSQL runs.

    `data_dir` is a folder for us alone; inside it stand `cluster/` (PostgreSQL's own data
    directory), `password`, `lock` and, when the gateway runs as root, a copy of the binaries.
    `port` None means: the port of last time when it is free, else any free one.

    A postmaster that is adopted keeps the sizes it was started with; a new `port` restarts it.

    Raises:
        ValueError: for a figure outside its range.
    """

    data_dir: Path
    port: int | None = None
    shared_buffers_mib: int = 256
    # Bounds the work of a crash recovery too: presses wait for it, so it is not made larger.
    max_wal_size_mib: int = 1_024
    max_connections: int = 60
    orphan_grace_s: float = 15.0
    start_timeout_s: float = 120.0
    answer_timeout_s: float = 10.0
    fast_stop_s: float = 20.0
    immediate_stop_s: float = 10.0
    lock_wait_s: float = 3.0
    binaries_dir: Path | None = None
    fallback_root: Path = Path("/var/lib/lifeline")

    def __post_init__(self) -> None:
        """Refuse figures that PostgreSQL would refuse later and less clearly."""
        if self.port is not None and not 1 <= self.port <= PORT_MAX:
            raise ValueError(f"port is {self.port}, expected 1 to {PORT_MAX}")
        for name, least in (
            ("shared_buffers_mib", SHARED_BUFFERS_MIN_MIB),
            ("max_wal_size_mib", WAL_MIN_MIB),
            ("max_connections", CONNECTIONS_MIN),
            ("orphan_grace_s", 0),
            ("start_timeout_s", 0),
            ("answer_timeout_s", 0),
            ("fast_stop_s", 0),
            ("immediate_stop_s", 0),
            ("lock_wait_s", 0),
        ):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}, expected at least {least}")

    def server_options(self, token: str, port: int) -> dict[str, str]:
        """The server's settings; given on its command line they outrank every file.

        Args:
            token: the name that marks our processes (`cluster_name`).
            port: TCP port on 127.0.0.1.
        """
        return {
            "cluster_name": token,
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": str(self.max_connections),
            "shared_buffers": f"{self.shared_buffers_mib}MB",
            "max_wal_size": f"{self.max_wal_size_mib}MB",
            "wal_compression": "on",
            "synchronous_commit": "on",
            "fsync": "on",
            "full_page_writes": "on",
            "password_encryption": "scram-sha-256",
            "jit": "off",  # statements here take microseconds; compiling them takes milliseconds
            "timezone": "UTC",
            "log_timezone": "UTC",
            "lc_messages": "C",  # errors.from_log reads English
            "logging_collector": "on",
            "log_directory": "log",
            "log_filename": "postgresql-%Y%m%dT%H%M%S.log",
            "log_rotation_size": f"{LOG_FILE_KIB}kB",
            "log_rotation_age": "1d",
            # A statement, a parameter or a DETAIL line can hold personal data: a log must not.
            "log_min_messages": "log",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        }
