package veiviser

import "strings"

// MaxRegionBytes is how long the name of a region may be; what is longer is none.
const MaxRegionBytes = 128

// FoldRegion is the form in which a region is compared and counted: "Oslo" and " oslo" are one.
func FoldRegion(region string) string { return strings.ToLower(strings.TrimSpace(region)) }
