"""nautilus_trader's simulated exchange, driven from a Python strategy: a limit order a quote, then market orders."""

import json
import sys
import time
from decimal import Decimal

from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, StrategyConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

INSTRUMENT = TestInstrumentProvider.btcusdt_binance()


class Sender(Strategy):
    """Sends one order a quote."""

    def __init__(self, market: bool) -> None:
        super().__init__(StrategyConfig(strategy_id="S-1"))
        self.market = market
        self.sent = 0
        self.last = None

    def on_start(self) -> None:
        self.subscribe_quote_ticks(INSTRUMENT.id)

    def on_quote_tick(self, tick: QuoteTick) -> None:
        side = OrderSide.BUY if self.sent % 2 == 0 else OrderSide.SELL
        size = Quantity(0.01, INSTRUMENT.size_precision)
        if self.market:
            self.submit_order(self.order_factory.market(INSTRUMENT.id, side, size))
        else:
            if self.last is not None and self.sent % 2 and self.last.is_open:
                self.cancel_order(self.last)
            price = Price(49_000.0, INSTRUMENT.price_precision)
            self.last = self.order_factory.limit(INSTRUMENT.id, OrderSide.BUY, size, price)
            self.submit_order(self.last)
        self.sent += 1


def run(market: bool, count: int) -> float:
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        venue=Venue("BINANCE"),
        oms_type=OmsType.NETTING,
        account_type=AccountType.CASH,
        base_currency=None,
        starting_balances=[Money(100_000_000, USDT), Money(1_000, INSTRUMENT.base_currency)],
    )
    engine.add_instrument(INSTRUMENT)
    engine.add_data(
        [
            QuoteTick(
                INSTRUMENT.id,
                Price(50_000.0 + n % 7, INSTRUMENT.price_precision),
                Price(50_010.0 + n % 7, INSTRUMENT.price_precision),
                Quantity(10, INSTRUMENT.size_precision),
                Quantity(10, INSTRUMENT.size_precision),
                n * 1_000_000,
                n * 1_000_000,
            )
            for n in range(count)
        ]
    )
    strategy = Sender(market)
    engine.add_strategy(strategy)
    start = time.perf_counter()
    engine.run()
    taken = time.perf_counter() - start
    assert strategy.sent == count, strategy.sent
    assert Decimal(engine.cache.orders_total_count()) == count
    engine.dispose()
    return count / taken


count = int(sys.argv[2])
print(json.dumps({"limit_per_second": run(False, count), "market_per_second": run(True, count)}))
