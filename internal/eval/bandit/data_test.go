package bandit

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const starbucksContext = "age income_k demographics_missing female male tenure_years log_tenure joined_2016 joined_2017 joined_2018 wave " +
	"hist_offers hist_completed hist_bogo hist_bogo_completed hist_discount hist_discount_completed hist_rate"

// dataFolder is where the public data sets are.
func dataFolder(t testing.TB) string {
	t.Helper()
	data := os.Getenv("VEIVISER_DATA")
	if data == "" {
		data = filepath.Join("..", "..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(data); err != nil {
		t.Skip("VEIVISER_DATA names no folder with the public data sets: ", err)
	}
	return data
}

// publicLog reads one of the public logs by the name of its reward.
func publicLog(t testing.TB, name string) *Table {
	t.Helper()
	data := dataFolder(t)
	file, m := filepath.Join(data, "starbucks-offers", "logged.csv.gz"), Mapping{
		Context: strings.Fields(starbucksContext), Action: "offer", Reward: name, Propensity: Propensity{Column: "propensity"}, Unit: "customer_id",
	}
	if name == "visit" || name == "spend" {
		file, m = filepath.Join(data, "hillstrom", "hillstrom.csv.gz"), Mapping{
			Context: strings.Fields("recency history_segment history mens womens zip_code newbie channel"),
			Action:  "segment", Reward: name, Propensity: Propensity{Constant: 1. / 3}, Unit: "row",
		}
	}
	table, err := Load(context.Background(), file, m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return table
}
