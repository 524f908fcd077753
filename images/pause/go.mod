module headless-lab.dev/images/pause

go 1.24
