package planpb

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/protobuf/types/known/timestamppb"
)

const day = 24 * time.Hour

// parseDuration reads a duration as Go spells it, with days and weeks before the rest: "30m", "1h30m", "14d", "2w3d12h",
// "-1d12h".
func parseDuration(s string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is no duration; write it as 30m, 1h30m, 14d or 2w", clip(s))
	rest, minus := strings.CutPrefix(s, "-")
	var total time.Duration
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * day}, {"d", day}} {
		digits, after, ok := strings.Cut(rest, unit.letter)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 31)
		if err != nil {
			return 0, wrong
		}
		if n > uint64((math.MaxInt64-total)/unit.length) {
			return 0, fmt.Errorf("%q is more than 292 years", clip(s))
		}
		total, rest = total+time.Duration(n)*unit.length, after
		if rest == "" {
			return signed(total, minus), nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || strings.ContainsAny(rest, "+-") {
		return 0, wrong
	}
	if d > math.MaxInt64-total {
		return 0, fmt.Errorf("%q is more than 292 years", clip(s))
	}
	return signed(total+d, minus), nil
}

func signed(d time.Duration, minus bool) time.Duration {
	if minus {
		return -d
	}
	return d
}

// formatDuration writes what parseDuration reads back, as short as it goes: "14d", "1d12h", "30m".
func formatDuration(d time.Duration) (string, error) {
	if d == math.MinInt64 {
		return "", errors.New("a duration of more than 292 years")
	}
	sign, out := "", ""
	if d < 0 {
		sign, d = "-", -d
	}
	if days := d / day; days > 0 {
		out = fmt.Sprintf("%dd", days)
		if d -= days * day; d == 0 {
			return sign + out, nil
		}
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return sign + out + s, nil
}

// parseMoment reads RFC 3339 or a date, which is its midnight in UTC.
func parseMoment(s string) (*timestamppb.Timestamp, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		if t, err = time.Parse(time.DateOnly, s); err != nil {
			return nil, fmt.Errorf("%q is no moment; write it as 2026-05-01 or 2026-05-01T08:00:00+02:00", clip(s))
		}
	}
	ts := timestamppb.New(t)
	if !ts.IsValid() {
		return nil, fmt.Errorf("%q lies outside the years 1 to 9999", clip(s))
	}
	return ts, nil
}

func formatMoment(ts *timestamppb.Timestamp) (string, error) {
	if err := ts.CheckValid(); err != nil {
		return "", errors.New("a moment outside the years 1 to 9999")
	}
	t := ts.AsTime()
	if t.Equal(t.Truncate(day)) {
		return t.Format(time.DateOnly), nil
	}
	return t.Format(time.RFC3339Nano), nil
}

const microsPerUnit = 1_000_000

// parseMoney reads an amount and a currency: "24990 NOK", "24 990.50 NOK", "-3 EUR". At most six decimals.
func parseMoney(s string) (*veiviserv1.Money, error) {
	wrong := fmt.Errorf("%q is no money; write it as 24990 NOK or 249.50 NOK", clip(s))
	s = strings.TrimSpace(s)
	cut := strings.LastIndexByte(s, ' ')
	if cut < 0 || !isCurrency(s[cut+1:]) {
		return nil, wrong
	}
	amount, minus := strings.CutPrefix(strings.ReplaceAll(s[:cut], " ", ""), "-")
	whole, part, point := strings.Cut(amount, ".")
	if whole == "" || point && part == "" || len(part) > 6 || !isDigits(whole+part) {
		return nil, wrong
	}
	digits := whole + part + strings.Repeat("0", 6-len(part))
	if minus {
		digits = "-" + digits
	}
	micros, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is too much money", clip(s))
	}
	return &veiviserv1.Money{CurrencyCode: s[cut+1:], Micros: micros}, nil
}

// formatMoney writes what parseMoney reads back; false when the currency is none.
func formatMoney(m *veiviserv1.Money) (string, bool) {
	if !isCurrency(m.GetCurrencyCode()) {
		return "", false
	}
	micros, sign := m.GetMicros(), ""
	amount := uint64(micros)
	if micros < 0 {
		amount, sign = -amount, "-"
	}
	s := sign + strconv.FormatUint(amount/microsPerUnit, 10)
	if part := amount % microsPerUnit; part != 0 {
		s += "." + strings.TrimRight(fmt.Sprintf("%06d", part), "0")
	}
	return s + " " + m.GetCurrencyCode(), true
}

func isCurrency(s string) bool {
	return len(s) == 3 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// clip shortens what is quoted in a message.
func clip(s string) string {
	const most = 64
	if r := []rune(s[:min(len(s), 4*most+4)]); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
