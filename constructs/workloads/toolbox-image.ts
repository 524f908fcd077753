/** Image with dig, nslookup and curl, for toolboxes that are told no other. It has no redis-cli. */
export const TOOLBOX_IMAGE = 'wbitt/network-multitool:alpine-extra'
